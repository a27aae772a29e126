#pragma once

// Samples containers by the kernel's files, all of them in one go on the caller's thread: no call
// to the Engine, and no allocation once each has been sampled a few times.
//
// A sample is written into memory that nobody reads any more. Each container has a few buffers: one
// is what the inventory shows, one or two are in snapshots, and one is free. `prepare` picks it,
// and must be called under the lock under which samples are handed on and given up; `sample`, which
// reads files, must not.
//
// Used by one thread, but for that lock.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "monitor/inventory.h"
#include "tidegauge/cgroup/container_files.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

/// Whose turn it is to be sampled.
enum class SampleScope : std::uint8_t { all, not_yet_sampled };

class CgroupSampler {
 public:
  /// Keeps so many `descriptors` open, and tries a container whose files cannot be read again
  /// every `retry`.
  CgroupSampler(const cgroup::Paths& paths, std::size_t descriptors, Milliseconds retry,
                const config::OptionalGroups& optional_groups = {});

  /// A container, and how its last sample went.
  struct Watched {
    Inventory::Run run;
    std::optional<cgroup::ContainerFiles> files;  ///< none: to be opened, or there was trouble
    std::shared_ptr<model::ContainerStats> sample;
    std::optional<cgroup::CgroupError> error;
    std::uint32_t failures = 0;  ///< in a row
    SteadyTime next_try{};
    std::vector<std::shared_ptr<model::ContainerStats>> buffers;
  };
  using Container = std::map<std::string, Watched>::value_type;  ///< by id

  /// It runs so from now on, or does not run: its files are given back. Its settings may be others.
  void follow(const std::string& id, const std::optional<Inventory::Run>& run);

  void prepare(SampleScope whose, SteadyTime now);
  /// Those that were prepared.
  void sample(SteadyTime now);
  [[nodiscard]] const std::vector<Container*>& sampled() const noexcept { return batch_; }
  /// The first file of a process that the system refused to show, and why; empty: none so far.
  [[nodiscard]] const std::string& refused() const noexcept { return tools_.refused; }

 private:
  void sample(const std::string& id, Watched& watched, SteadyTime now);
  [[nodiscard]] std::optional<cgroup::CgroupError> open(const std::string& id, Watched& watched);

  cgroup::Paths paths_;
  Milliseconds retry_;
  config::OptionalGroups optional_groups_;
  cgroup::Locator locator_;
  cgroup::DescriptorBudget budget_;
  cgroup::SamplingContext tools_;
  SteadyTime next_settings_{};
  std::map<std::string, Watched> containers_;  // given back before the budget goes
  std::vector<Container*> batch_;
};

}  // namespace tidegauge::monitor
