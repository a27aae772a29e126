#include "metrics/text_format.h"

#include <array>
#include <charconv>
#include <cmath>

namespace tidegauge::metrics {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";  // U+FFFD

unsigned byte_at(std::string_view text, std::size_t position) {
  return static_cast<unsigned char>(text[position]);
}

/// How many bytes the UTF-8 character at the front has; 0 where it is not one (Unicode, table 3-7).
std::size_t character_length(std::string_view text) {
  const auto lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  const unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte_at(text, 1) < lowest || byte_at(text, 1) > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0U) != 0x80) return 0;
  }
  return length;
}

bool is_plain(char character) {
  return character != '\\' && character != '"' && character != '\n' &&
         static_cast<unsigned char>(character) < 0x80;
}

/// Appends the character at the front of `text`, escaped; returns how many bytes it took.
std::size_t append_special(std::string& out, std::string_view text) {
  switch (text.front()) {
    case '\\':
      out += "\\\\";
      return 1;
    case '"':
      out += "\\\"";
      return 1;
    case '\n':
      out += "\\n";
      return 1;
    default:
      break;
  }
  const auto length = character_length(text);
  out += length == 0 ? replacement_character : text.substr(0, length);
  return length == 0 ? 1 : length;
}

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_special(out, text));
  }
}

template <class T, class... Format>
void append_digits(std::string& out, T value, Format... format) {
  std::array<char, 32> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, format...).ptr;
  out.append(digits.data(), end);
}

/// The shortest form that reads back the same; with an exponent only where Prometheus' own
/// libraries have one, so that a bound is `le="0.0001"` everywhere.
void append_number(std::string& out, double value) {
  constexpr double smallest_fixed = 1e-4;
  constexpr double exact_integers = 9007199254740992.0;  // 2^53
  const auto magnitude = std::abs(value);
  if (magnitude <= exact_integers && value == std::trunc(value)) {
    append_digits(out, static_cast<std::int64_t>(value));
  } else if (magnitude >= smallest_fixed && magnitude <= exact_integers) {
    append_digits(out, value, std::chars_format::fixed);
  } else {
    append_digits(out, value);
  }
}

}  // namespace

std::string_view to_string(MetricType type) noexcept {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
  }
  return "untyped";
}

void Number::append_to(std::string& text) const {
  if (const auto* whole = std::get_if<std::uint64_t>(&value_)) {
    append_digits(text, *whole);
  } else {
    append_number(text, std::get<double>(value_));
  }
}

void append_label(std::string& labels, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  labels += name;
  labels += "=\"";
  append_escaped(labels, value);
  labels += "\",";
}

void TextWriter::sample(std::string_view labels, std::initializer_list<Label> more, Number value) {
  write_sample({}, labels, more, {}, value);
}

void TextWriter::histogram(std::string_view labels, std::initializer_list<Label> more,
                           const model::DurationHistogram& histogram) {
  const auto counts = histogram.counts();
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < model::duration_bounds.size(); ++i) {
    cumulative += counts[i];
    std::string bound;
    append_number(bound, model::duration_bounds[i]);
    write_sample("_bucket", labels, more, bound, cumulative);
  }
  write_sample("_bucket", labels, more, "+Inf", histogram.count());
  write_sample("_sum", labels, more, {}, histogram.sum_seconds());
  write_sample("_count", labels, more, {}, histogram.count());
}

void TextWriter::write_head() {
  text_.append("# HELP ").append(family_.name).append(" ").append(family_.help);
  text_.append("\n# TYPE ").append(family_.name).append(" ").append(to_string(family_.type));
  text_ += '\n';
  has_head_ = true;
}

void TextWriter::write_sample(std::string_view suffix, std::string_view labels,
                              std::initializer_list<Label> more, std::string_view bound,
                              Number value) {
  if (!has_head_) write_head();
  text_ += family_.name;
  text_ += suffix;
  const auto opening = text_.size();
  text_ += '{';
  text_ += labels;
  for (const auto& label : more) append_label(text_, label.name, label.value);
  append_label(text_, "le", bound);
  if (text_.size() == opening + 1) {
    text_.back() = ' ';  // no labels, no braces
  } else {
    text_.back() = '}';  // in place of the last comma
    text_ += ' ';
  }
  value.append_to(text_);
  text_ += '\n';
}

}  // namespace tidegauge::metrics
