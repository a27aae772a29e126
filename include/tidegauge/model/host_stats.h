#pragma once

// One sample of the resource use of the whole machine, in base units. `cgroup` makes it from the
// kernel's files; a value that the files do not have is absent.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidegauge/model/container_stats.h"

namespace tidegauge::model {

/// The file system of a real device, wherever it is mounted; or the part of a container in it.
struct FilesystemStats {
  std::string device;                        ///< "/dev/vda1"; empty if it is not known
  std::uint64_t usage_bytes = 0;             ///< without the space that is reserved for root
  std::optional<std::uint64_t> limit_bytes;  ///< its size
  /// Absent if the file system creates inodes on demand, as btrfs does.
  std::optional<std::uint64_t> inodes, inodes_free;
  std::optional<WallTime> measured_at;  ///< absent: at the time of the sample
};

struct HostStats {
  /// The machine in the form of a container, without the network interfaces of containers.
  ContainerStats use;
  std::vector<FilesystemStats> filesystems;  ///< sorted by device
  /// File systems that do not answer, as "/dev/sdb1 at /data". They are not in `filesystems`.
  std::vector<std::string> stuck_filesystems;
  std::string engine_device;  ///< has the Engine's data; empty: not known
  std::optional<WallTime> booted_at;
  std::optional<std::uint64_t> memory_bytes, swap_bytes;  ///< total size
  std::optional<std::uint64_t> cpu_sockets, cpu_physical_cores;
};

}  // namespace tidegauge::model
