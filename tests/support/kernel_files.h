#pragma once

// What the kernel itself says of a container: its cgroup's files, of version 1 or 2, and its
// network namespace. Read here apart from the daemon's own code, to hold that against.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tidegauge::test {

struct KernelNumbers {
  double cpu_seconds = 0;
  std::uint64_t memory_usage_bytes = 0;
  std::uint64_t inactive_file_bytes = 0;
  std::uint64_t processes = 0;
  std::optional<std::uint64_t> processes_limit;  ///< systemd sets one where nobody has
};

/// Of this cgroup, as "/docker/<id>". Throws where a file is not there.
[[nodiscard]] KernelNumbers read_kernel_numbers(const std::string& cgroup);

struct InterfaceBytes {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
};

/// Of an interface in the network namespace of this process.
[[nodiscard]] InterfaceBytes read_interface_bytes(pid_t pid, const std::string& interface);

}  // namespace tidegauge::test
