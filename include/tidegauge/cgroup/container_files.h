#pragma once

// The kernel's files of one running container, and one sample of its resource use from them.
//
// They are opened once and read again and again: a third of the cost of opening them each time, and
// no allocation. Where the process must not hold that many descriptors they are opened for each
// sample: fewer kept open, the same numbers.
//
// It belongs to one run of the container: the kernel says `gone` when that has ended, also when
// another has begun under the same path, as long as they are kept open. An open net/dev keeps its
// network namespace alive: whoever learns of the end destroys this.
//
// Used by one thread at a time. The budget outlives it.

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
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::cgroup {

/// How many descriptors may be kept open. Used by one thread.
class DescriptorBudget {
 public:
  explicit DescriptorBudget(std::size_t descriptors) noexcept : left_(descriptors) {}
  /// Whether there were so many.
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

/// What all containers' samples share.
struct SamplingContext {
  FileReader reader = {};
  DeviceNames devices;
  std::string path = {};     ///< of the file being opened
  bool bfq_used = true;      ///< what `is_bfq_used` says
  std::string refused = {};  ///< the first file that could not be read of processes, and why
  bool settings_due = true;  ///< what changes seldom is read again; otherwise as it was last read
};

/// Whether a device's I/O scheduler is BFQ: if not, v1's files of it say nothing of any cgroup. The
/// directory is that of the hierarchy's root. True where it cannot be told.
[[nodiscard]] bool is_bfq_used(std::string_view blkio, FileReader& reader);

struct FileSpec;

class ContainerFiles {
 public:
  /// Fails where none of them is there.
  [[nodiscard]] static std::expected<ContainerFiles, CgroupError> open(
      Location location, const Paths& paths, DescriptorBudget& budget,
      const config::OptionalGroups& optional_groups = {});
  ContainerFiles(ContainerFiles&& other) noexcept;
  ContainerFiles& operator=(ContainerFiles&& other) noexcept;
  ~ContainerFiles();

  /// Replaces what `stats` holds, whose memory is used again. Of a failure nothing is left in it.
  [[nodiscard]] std::expected<void, CgroupError> sample(SamplingContext& tools,
                                                        model::ContainerStats& stats);
  /// They may have been changed: the next sample reads them again.
  void forget_settings() noexcept;

  [[nodiscard]] const Location& location() const noexcept { return location_; }
  /// Descriptors; none where the files are opened for each sample.
  [[nodiscard]] std::size_t kept_open() const noexcept { return kept_; }

 private:
  struct File {
    const FileSpec* row;
    std::string_view name;
    UniqueFd fd = {};                           // where it is kept open
    std::optional<std::uint64_t> setting = {};  // as it was last read
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
