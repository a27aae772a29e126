#pragma once

// What the kernel says of this process, read from /proc/self at each call.

#include <cstdint>
#include <optional>

namespace tidegauge::metrics {

struct ProcessStats {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  ///< since the Unix epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::optional<std::uint64_t> open_fds;  ///< nothing where the kernel does not tell
  std::uint64_t max_fds = 0;
};

/// Nothing where /proc is not mounted or hidden.
[[nodiscard]] std::optional<ProcessStats> read_process_stats();

}  // namespace tidegauge::metrics
