#include "tidegauge/util/utf8.h"

#include <algorithm>

namespace tidegauge {
namespace {

unsigned byte_at(std::string_view text, std::size_t position) {
  return static_cast<unsigned char>(text[position]);
}

bool is_control(char character) {
  return static_cast<unsigned char>(character) < 0x20 || character == '\x7f';
}

/// Of one character of valid UTF-8.
char32_t code_point(std::string_view character) {
  const auto lead = byte_at(character, 0);
  if (character.size() == 1) return lead;
  char32_t point = lead & (0x7FU >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i) {
    point = point << 6U | (byte_at(character, i) & 0x3FU);
  }
  return point;
}

/// Control characters of more than a byte, and marks of width 0 that change how text is shown. All
/// have at most four hexadecimal digits.
bool is_unseen(char32_t point) {
  const auto is_in = [point](char32_t first, char32_t last) {
    return point >= first && point <= last;
  };
  return is_in(0x80, 0x9F) || point == 0xAD || point == 0x61C || is_in(0x200B, 0x200F) ||
         is_in(0x2028, 0x202E) || is_in(0x2060, 0x206F) || point == 0xFEFF || is_in(0xFFF9, 0xFFFB);
}

}  // namespace

std::size_t utf8_character_length(std::string_view text) noexcept {
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

std::string hex_digits(char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto code = static_cast<unsigned char>(byte);
  return {digits[code >> 4U], digits[code & 15U]};
}

std::string_view utf8_prefix(std::string_view text, std::size_t longest) noexcept {
  if (text.size() <= longest) return text;
  auto end = longest;
  constexpr std::size_t longest_character = 4;
  const auto furthest = longest - std::min(longest, longest_character - 1);
  while (end > furthest && (byte_at(text, end) & 0xC0U) == 0x80) --end;
  // Without the start of a character nearby, the bytes are not UTF-8, and any place is as good.
  return text.substr(0, utf8_character_length(text.substr(end)) == 0 ? longest : end);
}

std::string terminal_text(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const auto length = utf8_character_length(text);
    if (length == 0 || is_control(text.front())) {
      shown += "\\x" + hex_digits(text.front());
    } else if (const auto point = code_point(text.substr(0, length)); is_unseen(point)) {
      shown += "\\u" + hex_digits(static_cast<char>(point >> 8U)) +
               hex_digits(static_cast<char>(point & 0xFFU));
    } else {
      shown += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return shown;
}

std::string one_line(std::string_view text, std::size_t longest) {
  constexpr std::string_view dots = "...";
  std::string line;
  const auto limit = std::max(longest, dots.size());
  std::size_t whole = 0;  // the end of the last character with room for the dots
  while (!text.empty() && line.size() <= limit) {
    const auto length = utf8_character_length(text);
    if (length == 0) {
      line += "\\x" + hex_digits(text.front());
    } else if (is_control(text.front())) {
      line += ' ';
    } else {
      line += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
    if (line.size() + dots.size() <= limit) whole = line.size();
  }
  if (line.size() > limit) line.replace(whole, std::string::npos, dots);
  return line;
}

}  // namespace tidegauge
