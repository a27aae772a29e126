#pragma once

// Samples the resource use of one running container from the kernel's files. Used by `monitor`.
//
// The files are opened once and read for every sample: that takes a third of the time of opening
// them each time, and no allocation. Where the budget of descriptors is used up, the files are
// opened for each sample; the numbers are the same.
//
// An object belongs to one run of the container. When the run has ended, a sample fails with
// `gone`, even if another run has the same path, as long as the files are kept open. An open
// net/dev keeps the network namespace alive, so destroy the object when the run ends.
//
// Used by one thread at a time. The budget must outlive the object.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidegauge/cgroup/cgroup_error.h"
#include "tidegauge/cgroup/device_names.h"
#include "tidegauge/cgroup/file_reader.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/config/metric_groups.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::cgroup {

/// The number of descriptors that may be kept open. Used by one thread.
class DescriptorBudget {
 public:
  explicit DescriptorBudget(std::size_t descriptors) noexcept : left_(descriptors) {}
  /// False if fewer are left.
  [[nodiscard]] bool take(std::size_t descriptors) noexcept {
    if (descriptors > left_) return false;
    left_ -= descriptors;
    return true;
  }
  void give_back(std::size_t descriptors) noexcept { left_ += descriptors; }
  [[nodiscard]] std::size_t left() const noexcept { return left_; }

 private:
  std::size_t left_;
};

/// The state that the samples of all containers share.
struct SamplingContext {
  FileReader reader = {};
  DeviceNames devices;
  std::string path = {};            ///< buffer for the path of the file being opened
  bool bfq_used = true;             ///< the result of `is_bfq_used`
  std::string refused = {};         ///< the first unreadable file of a process, and why
  bool settings_due = true;         ///< read files that change seldom; otherwise keep their values
  model::ContainerStats load = {};  ///< buffer for the load of one container
};

/// Whether a device uses the I/O scheduler BFQ. If none does, v1's files of BFQ have no numbers for
/// any cgroup. `blkio`: the root directory of the hierarchy. True if unknown.
[[nodiscard]] bool is_bfq_used(std::string_view blkio, FileReader& reader);

/// The numbers of a container that change from second to second, and when they were read.
struct Load {
  std::optional<std::uint64_t> memory_bytes;  ///< MemoryStats::usage_bytes
  std::optional<double> cpu_seconds;          ///< CpuStats::usage_seconds
  /// The files were read between these times.
  SteadyTime begun_at{}, ended_at{};
};

struct FileSpec;

class ContainerFiles {
 public:
  /// Fails with `gone` if none of the files exists, otherwise with the reason of the first file
  /// that cannot be opened.
  [[nodiscard]] static std::expected<ContainerFiles, CgroupError> open(
      Location location, const Paths& paths, DescriptorBudget& budget,
      const config::OptionalGroups& optional_groups = {});
  ContainerFiles(ContainerFiles&& other) noexcept;
  ContainerFiles& operator=(ContainerFiles&& other) noexcept;
  ~ContainerFiles();

  /// Replaces the contents of `stats` and reuses its memory. Clears `stats` on failure: `gone` if
  /// the run has ended, `unreadable` or `shortage` if the system refuses.
  [[nodiscard]] std::expected<void, CgroupError> sample(SamplingContext& tools,
                                                        model::ContainerStats& stats);
  /// Reads the files of the load alone. They have the same numbers as in a sample.
  [[nodiscard]] std::expected<Load, CgroupError> read_load(SamplingContext& tools) const;
  /// The next sample reads the files that change seldom (limits).
  void forget_settings() noexcept;

  [[nodiscard]] const Location& location() const noexcept { return location_; }
  /// The number of open descriptors; 0 if the files are opened for each sample.
  [[nodiscard]] std::size_t kept_open() const noexcept { return kept_; }

 private:
  struct File {
    const FileSpec* row;
    std::string_view name;
    UniqueFd fd = {};                           // if kept open
    std::optional<std::uint64_t> setting = {};  // the last value of a file that changes seldom
    bool setting_known = false;
  };

  ContainerFiles(Location location, const Paths& paths, DescriptorBudget& budget,
                 const config::OptionalGroups& optional_groups);
  [[nodiscard]] std::optional<CgroupError> find(const Paths& paths);
  [[nodiscard]] std::expected<void, CgroupError> open_all();
  void close() noexcept;
  void count_processes(std::string& refused, model::ContainerStats& stats) const;
  void read_huge_pages(FileReader& reader, model::ContainerStats& stats) const;
  [[nodiscard]] std::expected<std::string_view, int> read(const File& file,
                                                          SamplingContext& tools) const;
  void put_path(const File& file, std::string& path) const;
  [[nodiscard]] CgroupError error_for(const File& file, int error) const;

  Location location_;
  std::string procfs_;
  std::string process_;  // "/proc/<pid>"
  DescriptorBudget* budget_;
  config::OptionalGroups optional_groups_;
  std::vector<File> files_;
  std::size_t kept_ = 0;
};

}  // namespace tidegauge::cgroup
