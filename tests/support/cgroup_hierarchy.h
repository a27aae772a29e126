#pragma once

// Cgroups of a real hierarchy of v2, in a cgroup of their own that goes with the object: in the
// machine's hierarchy where there is one, or else in one that the test mounts. Needs root. It has
// no controllers, so its cgroups have cgroup.events and cpu.stat, and no memory.events.

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "support/temporary_directory.h"
#include "tidegauge/cgroup/locator.h"

namespace tidegauge::test {

class CgroupHierarchy {
 public:
  /// Why this machine refuses one; absent where it does not.
  [[nodiscard]] static std::optional<std::string> why_refused();

  CgroupHierarchy();
  /// Kills what runs in its cgroups.
  ~CgroupHierarchy();
  CgroupHierarchy(const CgroupHierarchy&) = delete;
  CgroupHierarchy& operator=(const CgroupHierarchy&) = delete;

  [[nodiscard]] cgroup::Paths paths() const { return paths_; }
  /// The path of a cgroup, as the host sees it: "/tidegauge-test-4711/<name>".
  [[nodiscard]] std::string host_path(const std::string& name) const;
  [[nodiscard]] std::string directory(const std::string& name) const;
  void make(const std::string& name) const;
  /// The cgroup has no processes.
  void remove(const std::string& name) const;

 private:
  cgroup::Paths paths_;
  std::unique_ptr<TemporaryDirectory> mounted_;  ///< null where the machine has a hierarchy
  std::string root_;
  std::string own_;  ///< "/tidegauge-test-4711"
};

/// A process in a cgroup, made by fork.
class CgroupProcess {
 public:
  /// In the cgroup with this directory, before the constructor returns.
  explicit CgroupProcess(const std::string& directory);
  ~CgroupProcess() { end(); }
  CgroupProcess(const CgroupProcess&) = delete;
  CgroupProcess& operator=(const CgroupProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// How much of the CPU it uses before it ends by itself.
  static constexpr double cpu_seconds = 0.05;
  /// Lets it use the CPU and end, and waits for its end.
  void work();
  /// Kills it.
  void end();

 private:
  pid_t pid_ = -1;
  int start_ = -1;  ///< a pipe: with a byte in it, the process does its work
};

}  // namespace tidegauge::test
