#pragma once

// Times as text, by RFC 3339: "2026-11-23T09:12:57.123456789Z". The Engine writes them with up to
// nine decimals. Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/util/time.h"

namespace tidegauge {

/// Nothing for what is not a time of the years 1970 to 2200: Go's zero time (year 1) means "never".
[[nodiscard]] std::optional<WallTime> parse_timestamp(std::string_view text) noexcept;

enum class Decimals : std::uint8_t { milliseconds, nanoseconds };

/// In UTC. `parse_timestamp` reads it back; what `decimals` does not show is cut off.
[[nodiscard]] std::string to_rfc3339(WallTime time, Decimals decimals);

}  // namespace tidegauge
