#pragma once

// One sample of a container's resource use, in base units. Counters count from the container's
// start. A group or field that is absent was not said by the source: no series comes of it, never
// a zero. Made by `docker` (the Engine's stats) and by `cgroup` (the kernel).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidegauge/util/time.h"

namespace tidegauge::model {

struct CpuStats {
  double usage_seconds = 0;
  std::optional<double> user_seconds;
  std::optional<double> system_seconds;
  /// How often and how long the quota held it back; absent without a quota.
  struct Throttling {
    std::uint64_t periods = 0;
    std::uint64_t throttled_periods = 0;
    double throttled_seconds = 0;
  };
  std::optional<Throttling> throttling;
};

struct MemoryStats {
  std::uint64_t usage_bytes = 0;                   ///< page cache included
  std::optional<std::uint64_t> working_set_bytes;  ///< usage less inactive file cache, at least 0
  std::optional<std::uint64_t> rss_bytes;          ///< anonymous memory
  std::optional<std::uint64_t> cache_bytes;        ///< page cache
  std::optional<std::uint64_t> mapped_file_bytes;
  std::optional<std::uint64_t> kernel_bytes;
  std::optional<std::uint64_t> swap_bytes;
  std::optional<std::uint64_t> max_usage_bytes;
  std::optional<std::uint64_t> active_file_bytes;
  std::optional<std::uint64_t> inactive_file_bytes;
  std::optional<std::uint64_t> fail_count;
  std::optional<std::uint64_t> page_faults;
  std::optional<std::uint64_t> major_page_faults;
};

struct NetworkStats {
  std::string interface;
  std::optional<std::uint64_t> receive_bytes, receive_packets, receive_errors, receive_dropped;
  std::optional<std::uint64_t> transmit_bytes, transmit_packets, transmit_errors, transmit_dropped;
};

struct BlockIoStats {
  std::uint32_t major = 0, minor = 0;
  std::string device;  ///< "/dev/vda" where the name is known, else empty
  std::optional<std::uint64_t> read_bytes, write_bytes;
  std::optional<std::uint64_t> reads, writes;  ///< operations
};

struct ContainerStats {
  WallTime read_at{};
  std::optional<CpuStats> cpu;
  std::optional<MemoryStats> memory;
  std::vector<NetworkStats> networks;  ///< sorted by interface
  std::vector<BlockIoStats> block_io;  ///< sorted by major, minor
  std::optional<std::uint64_t> pids;
  std::optional<std::uint64_t> pids_limit;
};

}  // namespace tidegauge::model
