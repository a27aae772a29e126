#pragma once

// Splits text into lines and words without copying. Used by the parsers of this layer. Pure
// functions.

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace tidegauge::cgroup {

/// Takes the next whole line, without its newline, off the front; nothing if none is left.
inline std::optional<std::string_view> take_line(std::string_view& text) noexcept {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

/// Takes the next word off the front. Words are separated by any number of `separator`; empty if
/// none is left.
inline std::string_view take_word(std::string_view& line, char separator = ' ') noexcept {
  const auto begin = line.find_first_not_of(separator);
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  line.remove_prefix(begin);
  const auto word = line.substr(0, line.find(separator));
  line.remove_prefix(word.size());
  return word;
}

/// The number whose digits in `base` are the whole word; nothing for any other word or if it does
/// not fit.
template <std::integral Integer>
std::optional<Integer> to_number(std::string_view word, int base = 10) noexcept {
  Integer value = 0;
  const auto [stopped, error] = std::from_chars(word.begin(), word.end(), value, base);
  if (error != std::errc{} || stopped != word.end()) return std::nullopt;
  return value;
}

/// Whether a path is the directory or lies in it.
inline bool is_below(std::string_view path, std::string_view directory) noexcept {
  return path.starts_with(directory) &&
         (directory.ends_with('/') || path.size() == directory.size() ||
          path[directory.size()] == '/');
}

}  // namespace tidegauge::cgroup
