#pragma once

// The Engine's timestamps: RFC 3339 with up to nine decimals, "2026-11-23T09:12:57.123456789Z".

#include <optional>
#include <string_view>

#include "tidegauge/util/time.h"

namespace tidegauge::docker {

/// Nothing for what is not a timestamp, and for Go's zero time (year 1), which means "never".
[[nodiscard]] std::optional<WallTime> parse_timestamp(std::string_view text) noexcept;

}  // namespace tidegauge::docker
