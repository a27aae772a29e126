#pragma once

// Pieces of messages about mistakes in the configuration. Pure functions.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidegauge::config {

/// `text` in quotes, on one line, cut after 120 bytes.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// "a, b, c".
[[nodiscard]] std::string joined(std::span<const std::string> parts);

/// The candidate that `word` is most likely a typing error of, if any.
[[nodiscard]] std::optional<std::string> closest(std::string_view word,
                                                 std::span<const std::string> candidates);

/// "; did you mean X?" if a candidate is close, otherwise "; allowed: A, B, C".
[[nodiscard]] std::string suggestion(std::string_view word,
                                     std::span<const std::string> candidates);

}  // namespace tidegauge::config
