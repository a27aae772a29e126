#pragma once

// Where the cgroups of a container are, found from one of its processes through
// /proc/<pid>/cgroup: cgroup v1 (each controller in a hierarchy of its own), v2, and both together,
// whatever the Engine's cgroup driver. What is found is believed only if its path names the
// container; a process that has moved itself further down is followed back up to that.
//
// /proc and /sys may be the host's, mounted elsewhere in a container. The kernel then shows paths
// as seen from this program's own cgroup namespace ("/../docker-<id>.scope"): they are followed
// from where this program's own cgroup is found in what is mounted.
//
// Used by one thread at a time. Opens files only while it is called.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tidegauge/cgroup/cgroup_error.h"

namespace tidegauge::cgroup {

struct Paths {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
};

/// A hierarchy: one of v1's controllers, or v2's only one.
enum class Hierarchy : std::uint8_t { cpu, cpuacct, memory, blkio, pids, hugetlb, unified };
inline constexpr std::size_t hierarchies = 7;

struct Location {
  int pid = 0;
  std::string path;  ///< "/docker/<id>", as seen from here
  /// From the root of the hierarchy, as the host sees it; empty where that root is not visible.
  std::string host_path;
  std::array<std::string, hierarchies> directories;  ///< by Hierarchy; empty: not there
  /// As the Engine says: its network namespace is the host's or another container's, and so are
  /// the counters there.
  bool shares_network = false;

  [[nodiscard]] const std::string& directory(Hierarchy hierarchy) const noexcept {
    return directories[static_cast<std::size_t>(hierarchy)];
  }
};

class Locator {
 public:
  explicit Locator(Paths paths) : paths_(std::move(paths)) {}

  /// Of the container with this id, whose first process has this number.
  [[nodiscard]] std::expected<Location, CgroupError> locate(int pid, std::string_view id);
  /// Where a hierarchy is mounted; empty where it is not, or nothing has been located yet.
  [[nodiscard]] std::string_view mount_point(Hierarchy hierarchy) const noexcept;

 private:
  using Components = std::vector<std::string>;
  struct Mount {
    Hierarchy hierarchy{};
    std::string point;
    Components root;                     ///< which part of the hierarchy is mounted there
    std::optional<Components> above_us;  ///< once looked for: see `path_of_us`
  };
  struct Directory {
    std::string name;
    std::string host_path;  ///< as Location's
  };
  struct Membership {
    Hierarchy hierarchy{};
    Components path;
  };

  [[nodiscard]] static std::vector<Membership> memberships(std::string_view text);
  [[nodiscard]] std::optional<CgroupError> find_mounts();
  [[nodiscard]] CgroupError why_unreadable(int pid, int error) const;
  [[nodiscard]] CgroupError why_not_found(int pid, const Components& elsewhere,
                                          const Components& masked) const;
  [[nodiscard]] std::expected<Directory, std::error_code> directory_of(Hierarchy hierarchy,
                                                                       const Components& path);
  [[nodiscard]] std::optional<std::string> directory_in(Mount& mount, const Components& path);
  [[nodiscard]] static std::string host_path(const Mount& mount, const Components& path,
                                             const std::string& directory);
  [[nodiscard]] Components path_of_us(Mount& mount) const;
  [[nodiscard]] Components find_us(const Mount& mount, std::error_code& error) const;

  Paths paths_;
  std::vector<Mount> mounts_;
};

}  // namespace tidegauge::cgroup
