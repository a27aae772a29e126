#pragma once

// Pieces of the sentences in which mistakes are told.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidegauge::config {

/// `text` in quotes, on one line and of bearable length, whatever it holds.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// "a, b, c".
[[nodiscard]] std::string joined(std::span<const std::string> parts);

/// The candidate that a slip of the fingers turns into `word`, if there is one.
[[nodiscard]] std::optional<std::string> closest(std::string_view word,
                                                 std::span<const std::string> candidates);

/// "; did you mean X?" where something is close, otherwise "; allowed: A, B, C".
[[nodiscard]] std::string suggestion(std::string_view word,
                                     std::span<const std::string> candidates);

}  // namespace tidegauge::config
