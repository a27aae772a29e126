#include "tidegauge/json/writer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "tidegauge/util/json_text.h"

namespace tidegauge::json {

Writer& Writer::key(std::string_view name) {
  separate();
  *out_ += json_quoted(name);
  *out_ += ':';
  needs_comma_ = false;
  return *this;
}

void Writer::value(std::string_view text) {
  raw(json_quoted(text));
}

/// The shortest digits that read back as the same number.
void Writer::value(double number) {
  if (!std::isfinite(number)) return null();
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  raw(std::string_view(digits.begin(), end));
}

void Writer::open(char bracket) {
  separate();
  *out_ += bracket;
  needs_comma_ = false;
}

void Writer::close(char bracket) {
  *out_ += bracket;
  needs_comma_ = true;
}

void Writer::raw(std::string_view json) {
  separate();
  *out_ += json;
  needs_comma_ = true;
}

void Writer::separate() {
  if (needs_comma_) *out_ += ',';
}

}  // namespace tidegauge::json
