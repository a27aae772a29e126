#include "tidegauge/util/json_text.h"

namespace tidegauge {
namespace {

std::string escaped(char control) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto code = static_cast<unsigned char>(control);
  return std::string("\\u00") + digits[code >> 4U] + digits[code & 15U];
}

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += escaped(c);
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace tidegauge
