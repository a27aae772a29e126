#include "tidegauge/status/html.h"

#include <algorithm>

#include "tidegauge/util/utf8.h"

namespace tidegauge::status {
namespace {

/// What stands for a character that is not itself in a text or in a quoted value; empty: itself.
constexpr std::string_view escape_of(char character) noexcept {
  switch (character) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

constexpr bool is_plain(char character) noexcept {
  return character >= ' ' && character <= '~' && escape_of(character).empty();
}

constexpr bool is_unreserved(char character) noexcept {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '-' || character == '.' ||
         character == '_' || character == '~';
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char character : text) {
    const auto escape = escape_of(character);
    if (escape.empty()) {
      out.push_back(character);
    } else {
      out.append(escape);
    }
  }
}

/// Most texts are plain, and appended as a whole. In others, what turns the direction of writing or
/// is not seen shows as "\u202e": a name must not look like another one.
void append_text(std::string& out, std::string_view text) {
  if (std::ranges::all_of(text, is_plain)) {
    out.append(text);
  } else {
    append_escaped(out, terminal_text(text));
  }
}

}  // namespace

RelativeUrl& RelativeUrl::add_segment(std::string_view segment) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  if (!text_.empty() && !text_.ends_with('/')) text_.push_back('/');
  for (const char character : segment) {
    if (is_unreserved(character)) {
      text_.push_back(character);
    } else {
      const auto byte = static_cast<unsigned char>(character);
      text_.append({'%', digits[byte / 16], digits[byte % 16]});
    }
  }
  return *this;
}

void Html::link(const RelativeUrl& url, std::string_view content, Attributes attributes) {
  out_->append("<a");
  add_attribute("href", url.text());
  for (const auto& attribute : attributes) add_attribute(attribute.name.text(), attribute.value);
  out_->push_back('>');
  text(content);
  out_->append("</a>");
}

void Html::stylesheet(const RelativeUrl& url) {
  out_->append("<link rel=\"stylesheet\"");
  add_attribute("href", url.text());
  out_->push_back('>');
}

void Html::script(const RelativeUrl& url) {
  out_->append("<script defer");
  add_attribute("src", url.text());
  out_->append("></script>");
}

void Html::icon(const RelativeUrl& url) {
  out_->append("<link rel=\"icon\"");
  add_attribute("href", url.text());
  out_->push_back('>');
}

void Html::meta(Literal name, Literal content) {
  out_->append("<meta");
  add_attribute("name", name.text());
  add_attribute("content", content.text());
  out_->push_back('>');
}

void Html::text(std::string_view text) {
  append_text(*out_, text);
}

void Html::open(Tag tag, Attributes attributes) {
  out_->push_back('<');
  out_->append(tag.text());
  for (const auto& attribute : attributes) add_attribute(attribute.name.text(), attribute.value);
  out_->push_back('>');
}

void Html::close(Tag tag) {
  out_->append("</").append(tag.text()).push_back('>');
}

void Html::add_attribute(std::string_view name, std::string_view value) {
  out_->append(" ").append(name).append("=\"");
  append_text(*out_, value);
  out_->push_back('"');
}

}  // namespace tidegauge::status
