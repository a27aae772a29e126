#include "metrics/text_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "tidegauge/util/utf8.h"

namespace tidegauge::metrics {
namespace {

bool is_plain(char character) {
  return character != '\\' && character != '"' && character != '\n' &&
         static_cast<unsigned char>(character) < 0x80;
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
  if (std::ranges::all_of(value, is_plain)) {
    labels += value;
  } else {
    append_escaped(labels, value);
  }
  labels += "\",";
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

template <class T, class... Format>
void append_digits(std::string& out, T value, Format... format) {
  std::array<char, 32> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, format...).ptr;
  out.append(digits.data(), end);
}

/// The shortest text that reads back as the same number. It has an exponent only where Prometheus'
/// libraries write one, so that a bound is `le="0.0001"` everywhere.
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

bool append_label(std::string& labels, std::string_view name, std::string_view value,
                  std::size_t longest, Cut cut) {
  std::string made;
  if (!std::ranges::all_of(value, is_plain)) value = made = readable(value);
  const bool is_cut =
      value.size() > longest || (cut == Cut::distinct && looks_shortened(value, longest));
  if (is_cut && cut == Cut::distinct) {
    const auto front = utf8_prefix(value, longest - hash_size - 1);
    value = made = std::string(front) + hash_mark + hash_of(value);
  } else if (is_cut) {
    value = utf8_prefix(value, longest);
  }
  append_quoted(labels, name, value);
  return is_cut;
}

void TextWriter::sample(std::string_view labels, std::initializer_list<Label> more, Number value) {
  write_sample({}, labels, more, {}, value);
}

void TextWriter::histogram(std::string_view labels, std::initializer_list<Label> more,
                           const model::DurationHistogram& histogram) {
  const auto counts = histogram.cumulative_counts();
  for (std::size_t i = 0; i < model::duration_bounds.size(); ++i) {
    std::string bound;
    append_number(bound, model::duration_bounds[i]);
    write_sample("_bucket", labels, more, bound, counts[i]);
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
  for (const auto& label : more) {
    append_label(text_, label.name, label.value);
  }
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
