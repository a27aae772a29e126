#pragma once

// Resource use of this process, from /proc/self. The functions are thread-safe.

#include <cstdint>
#include <optional>

namespace tidegauge::metrics {

struct ProcessStats {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  ///< since the Unix epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::optional<std::uint64_t> open_fds;  ///< absent if the kernel does not count them
  std::uint64_t max_fds = 0;
};

/// Reads the files at each call. Absent if /proc is hidden or not mounted.
[[nodiscard]] std::optional<ProcessStats> read_process_stats();

}  // namespace tidegauge::metrics
