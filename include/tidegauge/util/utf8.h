#pragma once

// Text of unknown origin made fit for UTF-8 outputs: labels, logs, JSON. Stateless, so thread-safe.

#include <cstddef>
#include <string>
#include <string_view>

namespace tidegauge {

/// The bytes of the UTF-8 character at the front of `text`, which is not empty; 0 where the front
/// is not a character (Unicode, table 3-7).
[[nodiscard]] std::size_t utf8_character_length(std::string_view text) noexcept;

/// The two hexadecimal digits of a byte that is not part of a character, as "\xff" shows it.
[[nodiscard]] std::string hex_digits(char byte);

/// The longest front of `text` of at most `longest` bytes that does not end within a character.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t longest) noexcept;

/// One line of valid UTF-8 for a message: line breaks and other control characters become spaces,
/// a byte that is not part of a character becomes "\xff", and what is longer than `longest` bytes
/// ends in "...".
[[nodiscard]] std::string one_line(std::string_view text, std::size_t longest);

/// Valid UTF-8 that a terminal shows and does not obey: control characters, characters that turn
/// the direction of writing or are not seen, and bytes that are not part of a character become
/// "\x1b", "\u202e" and "\xff".
[[nodiscard]] std::string terminal_text(std::string_view text);

}  // namespace tidegauge
