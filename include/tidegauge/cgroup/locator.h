#pragma once

// Finds the cgroup directories of a container from one of its processes, through
// /proc/<pid>/cgroup: cgroup v1 (each controller in a hierarchy of its own), v2, and both together,
// with any cgroup driver. A path counts only if it contains the container's id. A process may have
// moved itself into a child cgroup; the path is then followed up to the component with the id.
//
// /proc and /sys may be those of the host, mounted elsewhere in a container. The kernel then shows
// paths relative to this program's own cgroup namespace ("/../docker-<id>.scope"). Example: this
// program is in /system.slice/tidegauge.service, so "/../docker-<id>.scope" is
// /system.slice/docker-<id>.scope. Locator finds its own cgroup in the mounted hierarchy and
// applies the relative path to it.
//
// Used by `monitor`, by one thread at a time. Keeps no file open.

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

/// A controller of cgroup v1, or the single hierarchy of v2.
enum class Hierarchy : std::uint8_t { cpu, cpuacct, memory, blkio, pids, hugetlb, unified };
inline constexpr std::size_t hierarchies = 7;

struct Location {
  int pid = 0;
  std::string path;  ///< "/docker/<id>", in this program's cgroup namespace
  /// The path from the root of the hierarchy, as the host sees it; empty if that root is not
  /// visible.
  std::string host_path;
  std::array<std::string, hierarchies> directories;  ///< by Hierarchy; empty if absent
  /// The Engine says that the network namespace is the host's or another container's; the counters
  /// of that namespace are then not the container's.
  bool shares_network = false;

  [[nodiscard]] const std::string& directory(Hierarchy hierarchy) const noexcept {
    return directories[static_cast<std::size_t>(hierarchy)];
  }
};

class Locator {
 public:
  explicit Locator(Paths paths) : paths_(std::move(paths)) {}

  /// `pid`: the first process of the container.
  [[nodiscard]] std::expected<Location, CgroupError> locate(int pid, std::string_view id);
  /// Where a hierarchy is mounted; empty if it is not, or before the first `locate`.
  [[nodiscard]] std::string_view mount_point(Hierarchy hierarchy) const noexcept;
  /// The directory of the host's root cgroup of v2: paths as the host sees them begin there.
  [[nodiscard]] std::expected<std::string, CgroupError> unified_root();

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
