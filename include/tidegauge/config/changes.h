#pragma once

// What a reload would change, and what applies the change: some options take effect while the
// daemon runs, others need a restart. Every option has a row in the table of
// `src/config/changes.cpp`.
//
// Free functions without state: thread-safe.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/config/config.h"

namespace tidegauge::config {

/// Who applies another value of an option.
enum class AppliedBy : std::uint8_t {
  log,        ///< the next line
  page,       ///< the next page
  web,        ///< the web server, from the next request on
  monitors,   ///< the monitors, from their next cycle on
  calls,      ///< the next call to an Engine
  endpoints,  ///< an Engine is no longer watched, or another one is
  restart     ///< nobody while the daemon runs
};

struct Change {
  std::string option;  ///< its path, or "endpoints"
  AppliedBy applied_by = AppliedBy::restart;

  friend bool operator==(const Change&, const Change&) = default;
};

/// The options whose values differ, in the order of the documentation; the Engines come last.
[[nodiscard]] std::vector<Change> changes(const Config& before, const Config& after);

/// Returns who applies a change of the option with this path. An option without a row needs a
/// restart.
[[nodiscard]] AppliedBy applied_by(std::string_view path);

/// The paths that have a row.
[[nodiscard]] std::vector<std::string_view> paths_with_rows();

}  // namespace tidegauge::config
