#pragma once

// Durations as Go writes them, for the format web-config.yml. Stateless.

#include <chrono>
#include <optional>
#include <string_view>

namespace tidegauge::config {

/// "1m30s", "1.5h", "250us", "0": decimal numbers, each with a unit (ns, us, µs, ms, s, m, h), in
/// any order. Digits beyond a nanosecond are cut off. Absent: not such a text, with a sign, or
/// longer than a year.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_go_duration(std::string_view text);

}  // namespace tidegauge::config
