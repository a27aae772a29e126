#pragma once

// Samples the resource use of the whole machine from /proc, the mounts of real devices, and the
// sizes of their file systems (statvfs). Used by `monitor`.
//
// Network and mounts are those of process 1 where this program may read them, and otherwise its
// own: in a container, the bind mounts of this program show the same devices.
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

/// What a sample of the machine has.
enum class HostScope : std::uint8_t {
  machine,           ///< everything
  engine_filesystem  ///< the size of the file system with the Engine's data alone
};

class HostFiles {
 public:
  explicit HostFiles(Paths paths, FilesystemSampler filesystems = {})
      : paths_(std::move(paths)), filesystems_(std::move(filesystems)) {}

  /// Values that cannot be read are absent. The file system of `engine_directory` (DockerRootDir of
  /// `info`, empty if unknown) is included whatever its type.
  [[nodiscard]] model::HostStats sample(const std::string& engine_directory,
                                        HostScope scope = HostScope::machine);

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
  void sample_filesystems(const std::string& engine_directory, HostScope scope,
                          model::HostStats& host);
  void find_mounts();
  [[nodiscard]] const Mounted* mount_of_engine() const;
  [[nodiscard]] bool is_whole_disk(std::string_view name) const;

  Paths paths_;
  FilesystemSampler filesystems_;
  FileReader reader_;
  std::string path_;
  UniqueFd mountinfo_;  // kept open: poll(2) on it reports changed mounts
  std::string engine_directory_;
  std::string root_;             // prefix of the mount points
  std::vector<Mounted> mounts_;  // of real devices, and those above the Engine's directory
  std::string cpuinfo_;          // cached
};

}  // namespace tidegauge::cgroup
