#include "tidegauge/util/json_text.h"

#include "tidegauge/util/utf8.h"

namespace tidegauge {
namespace {

/// Appends the character at the front of `text`; returns how many bytes it took.
std::size_t append_character(std::string& out, std::string_view text) {
  const char front = text.front();
  if (front == '"' || front == '\\') {
    out += '\\';
    out += front;
  } else if (front == '\n') {
    out += "\\n";
  } else if (static_cast<unsigned char>(front) < 0x20) {
    out += "\\u00" + hex_digits(front);
  } else if (const auto length = utf8_character_length(text); length > 0) {
    out += text.substr(0, length);
    return length;
  } else {
    out += "\\\\x" + hex_digits(front);
  }
  return 1;
}

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) text.remove_prefix(append_character(out, text));
  return out + '"';
}

}  // namespace tidegauge
