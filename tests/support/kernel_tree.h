#pragma once

// A machine's /proc and /sys in a temporary directory, as far as a container's resource numbers
// need them: the files of recorded containers (tests/data/*/cgroup) where a kernel would show them.

#include <filesystem>
#include <string>
#include <string_view>

#include "support/temporary_directory.h"
#include "tidegauge/cgroup/locator.h"

namespace tidegauge::test {

enum class CgroupVersion { v1, v2 };

/// A recorded container: where its files are, and who it was.
struct RecordedContainer {
  std::filesystem::path directory;
  int pid = 0;
  std::string id;
};
/// "docker-20.10.24-cgroup1" and "web".
[[nodiscard]] RecordedContainer recorded_container(std::string_view set, std::string_view name);

/// The text of /proc/<pid>/net/tcp and the like, recorded: "tcp", "udp6".
[[nodiscard]] std::string recorded_sockets(std::string_view protocol);

class KernelTree {
 public:
  explicit KernelTree(CgroupVersion version);

  [[nodiscard]] cgroup::Paths paths() const {
    return {.procfs = directory_.file("proc"), .sysfs = directory_.file("sys")};
  }
  /// Makes a process, with the files of a recorded moment: "before", "after", and of v2 the only
  /// one, "". Another id and process than it was recorded with may be given.
  void add(const RecordedContainer& container, std::string_view moment);
  /// The container has ended.
  void remove(const RecordedContainer& container);

  /// The path of a file below the directory, which is made where it is not there.
  [[nodiscard]] std::filesystem::path path(std::string_view name) const;
  void write(std::string_view name, std::string_view content) const;
  /// Of a container, as "memory/memory.stat" with v1, "memory.stat" with v2.
  [[nodiscard]] std::filesystem::path cgroup_file(const std::string& id,
                                                  std::string_view name) const;

 private:
  CgroupVersion version_;
  TemporaryDirectory directory_;
};

}  // namespace tidegauge::test
