#pragma once

// Numbers as people read them: "1.5 MiB", "12 %", "3 min". The exact values beside them, for
// titles. Pure functions.

#include <cstdint>
#include <string>
#include <string_view>

#include "tidegauge/util/time.h"

namespace tidegauge::status {

/// "512 B", "1.5 KiB", "64 MiB", in units of 1024.
[[nodiscard]] std::string bytes_text(double bytes);
/// "1.5 MiB/s".
[[nodiscard]] std::string rate_text(double bytes_per_second);
/// "0 %", "0.4 %", "12 %": 1 is 100 %.
[[nodiscard]] std::string percent_text(double share);
/// "4 s", "3 min", "2 h 5 min", "4 d 3 h".
[[nodiscard]] std::string duration_text(double seconds);
/// "3 min ago"; "now" for less than a second, and for what is in the future by another clock.
[[nodiscard]] std::string ago_text(WallTime time, WallTime now);
/// "1,234,567 bytes".
[[nodiscard]] std::string exact_bytes(std::uint64_t bytes);
/// "1,234,567".
[[nodiscard]] std::string with_commas(std::uint64_t number);
/// A text of others, cut to so many bytes and "…" where it is longer.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t longest);
/// A number with at most so many decimals, and without zeros at its end: "0.25", "3".
[[nodiscard]] std::string decimal_text(double number, int decimals);

}  // namespace tidegauge::status
