#pragma once

// The kernel's files of the whole machine, and one sample of what it uses from them: /proc, where
// the file systems of real devices are mounted, and what each of those says of itself (statfs).
//
// As the machine's first process sees it where this program may look (its network, its mounts), and
// otherwise as this program does: in a container its bind mounts show the same devices.
//
// A file system that does not answer delays a sample once, by the deadline of FilesystemSampler.
//
// Used by one thread at a time.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/cgroup/file_reader.h"
#include "tidegauge/cgroup/filesystem_sampler.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/model/host_stats.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::cgroup {

class HostFiles {
 public:
  explicit HostFiles(Paths paths, FilesystemSampler filesystems = {})
      : paths_(std::move(paths)), filesystems_(std::move(filesystems)) {}

  /// What cannot be read is absent. The file system that the Engine keeps its data on (`info`'s
  /// DockerRootDir, empty where it is not known) is shown whatever its type.
  [[nodiscard]] model::HostStats sample(const std::string& engine_directory);

 private:
  struct Mounted {
    std::string device;
    std::string point;
    bool real = false;  ///< a device of the machine
  };

  [[nodiscard]] std::string_view read(std::string_view name);
  void sample_cpu(model::HostStats& host);
  void sample_memory(model::HostStats& host);
  void sample_network(model::HostStats& host);
  void sample_disks(model::HostStats& host);
  void sample_filesystems(const std::string& engine_directory, model::HostStats& host);
  void find_mounts();
  [[nodiscard]] const Mounted* mount_of_engine() const;
  [[nodiscard]] bool is_whole_disk(std::string_view name) const;

  Paths paths_;
  FilesystemSampler filesystems_;
  FileReader reader_;
  std::string path_;
  UniqueFd mountinfo_;  // kept open: it tells when mounts have changed
  std::string engine_directory_;
  std::string root_;             // what the mount points are below
  std::vector<Mounted> mounts_;  // of real devices, and those that the Engine's directory is in
  std::string cpuinfo_;          // once read
};

}  // namespace tidegauge::cgroup
