#include "metrics/label_text.h"

#include <algorithm>
#include <array>

#include "metrics/append_all.h"
#include "tidegauge/util/utf8.h"

namespace tidegauge::metrics {
namespace {

/// For each byte, whether it stands for itself in a label value.
constexpr auto plain = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0; byte < 0x80; ++byte) table.at(byte) = true;
  for (const char special : {'\\', '"', '\n'})
    table.at(static_cast<unsigned char>(special)) = false;
  return table;
}();

bool is_plain(std::string_view text) {
  bool all = true;
  for (const char character : text) all &= plain[static_cast<unsigned char>(character)];
  return all;
}

bool is_hex_digit(char character) {
  return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f');
}

/// True if the text begins like a byte that is not UTF-8 is shown: "\xff".
bool looks_like_a_byte(std::string_view text) {
  return text.size() >= 4 && text.starts_with("\\x") && is_hex_digit(text[2]) &&
         is_hex_digit(text[3]);
}

/// The text as valid UTF-8. Different texts stay different: the byte 0xff becomes \xff, and the
/// four characters \xff become \x5cxff.
std::string readable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = looks_like_a_byte(text) ? 0 : utf8_character_length(text);
    if (length == 0) {
      out += "\\x" + hex_digits(text.front());
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char character : text) {
    if (character == '\\' || character == '"') {
      out += '\\';
      out += character;
    } else if (character == '\n') {
      out += "\\n";
    } else {
      out += character;
    }
  }
}

void append_quoted(std::string& labels, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  labels += name;
  labels += "=\"";
  append_escaped(labels, value);
  labels += "\",";
}

void append_plain(std::string& labels, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  append_all(labels, {name, "=\"", value, "\","});
}

constexpr char hash_mark = '~';
constexpr std::size_t hash_size = 16;

/// FNV-1a, because labels must be the same in every run and build.
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  std::string digits;
  for (int shift = 56; shift >= 0; shift -= 8) {
    digits += hex_digits(static_cast<char>((hash >> shift) & 0xFFU));
  }
  return digits;
}

/// True if the value looks like the result of cutting another one, whose beginning may end up to
/// three bytes early. Such a value is cut as well; otherwise the two could be equal.
bool looks_shortened(std::string_view value, std::size_t longest) {
  if (value.size() + 3 < longest || value.size() <= hash_size) return false;
  const auto hash = value.substr(value.size() - hash_size);
  return value[value.size() - hash_size - 1] == hash_mark &&
         std::ranges::all_of(hash, is_hex_digit);
}

}  // namespace

LabelValue show_label_value(std::string_view value, std::string& buffer, std::size_t longest,
                            Cut cut) {
  if (!is_plain(value)) value = buffer = readable(value);
  const bool is_cut =
      value.size() > longest || (cut == Cut::distinct && looks_shortened(value, longest));
  if (is_cut && cut == Cut::distinct) {
    const auto front = utf8_prefix(value, longest - hash_size - 1);
    value = buffer = std::string(front) + hash_mark + hash_of(value);
  } else if (is_cut) {
    value = utf8_prefix(value, longest);
  }
  return {value, is_cut};
}

bool append_label(std::string& labels, std::string_view name, std::string_view value,
                  std::size_t longest, Cut cut) {
  const bool may_look_shortened = value.size() + 3 >= longest;
  if (!may_look_shortened && is_plain(value)) {  // most values are short and plain
    append_plain(labels, name, value);
    return false;
  }
  std::string buffer;
  const auto shown = show_label_value(value, buffer, longest, cut);
  append_quoted(labels, name, shown.text);
  return shown.is_cut;
}

std::vector<ParsedLabel> parse_labels(std::string_view labels) {
  std::vector<ParsedLabel> parsed;
  while (!labels.empty()) {
    const auto equals = labels.find('=');
    auto& label = parsed.emplace_back(ParsedLabel{labels.substr(0, equals), {}});
    auto at = equals + 2;
    for (; labels[at] != '"'; ++at) {
      if (labels[at] != '\\') {
        label.value += labels[at];
      } else {
        ++at;
        label.value += labels[at] == 'n' ? '\n' : labels[at];
      }
    }
    labels.remove_prefix(at + 2);
  }
  return parsed;
}

}  // namespace tidegauge::metrics
