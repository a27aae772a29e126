#pragma once

// Lines of /proc/<pid>/mountinfo (proc_pid_mountinfo(5)), such as
// "31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:8 - cgroup2 cgroup2 rw". Pure functions.

#include <optional>
#include <string>
#include <string_view>

namespace tidegauge::cgroup {

struct MountLine {
  std::string root;   ///< the directory of the file system that is mounted
  std::string point;  ///< the path where it is mounted
  std::string_view type;
  std::string source;              ///< a device, for some types
  std::string_view super_options;  ///< "rw,cpu,cpuacct"
};

/// Nothing if the line lacks any of these fields.
[[nodiscard]] std::optional<MountLine> parse_mount_line(std::string_view line);

}  // namespace tidegauge::cgroup
