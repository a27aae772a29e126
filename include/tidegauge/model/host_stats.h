#pragma once

// One sample of what the whole machine uses, in base units. Made by `cgroup` from the kernel's
// files; absent is what they did not say.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidegauge/model/container_stats.h"

namespace tidegauge::model {

/// One of a real device, wherever it is mounted; or a container's part of it.
struct FilesystemStats {
  std::string device;                        ///< "/dev/vda1"; empty where it is not known
  std::uint64_t usage_bytes = 0;             ///< what root alone may use not counted as used
  std::optional<std::uint64_t> limit_bytes;  ///< its size
  /// Absent where it makes them as it needs them, as btrfs does.
  std::optional<std::uint64_t> inodes, inodes_free;
  std::optional<WallTime> measured_at;  ///< where it was not just now
};

struct HostStats {
  /// As if the machine were a container; of its interfaces those of the containers left out.
  ContainerStats use;
  std::vector<FilesystemStats> filesystems;  ///< sorted by device
  /// Those that do not answer, as "/dev/sdb1 at /data". They are not in `filesystems`.
  std::vector<std::string> stuck_filesystems;
  std::string engine_device;  ///< of the one with the Engine's data; may be empty
  std::optional<WallTime> booted_at;
  std::optional<std::uint64_t> memory_bytes, swap_bytes;  ///< there are, used or not
  std::optional<std::uint64_t> cpu_sockets, cpu_physical_cores;
};

}  // namespace tidegauge::model
