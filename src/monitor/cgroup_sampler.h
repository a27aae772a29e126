#pragma once

// Samples containers from the kernel's files, in one batch on the caller's thread: without a call
// to the Engine, and without an allocation once each container has been sampled a few times.
//
// A sample is written into a buffer that nobody reads any more. Each container has up to four
// buffers. Example: the inventory shows the first, a snapshot that is being scraped holds the
// second, and the next sample is written into the third. `prepare` picks that buffer and must be
// called under the lock under which samples are passed on and dropped; `sample` reads files and
// must be called without the lock.
//
// Between two samples `read_loads` may read memory in use and CPU time alone. The highest of them
// in an interval are a part of each sample that is taken in the next interval.
//
// Used by one thread, apart from that lock.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "monitor/interval_peaks.h"
#include "monitor/inventory.h"
#include "tidegauge/cgroup/container_files.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

/// Which containers are sampled.
enum class SampleScope : std::uint8_t { all, not_yet_sampled };

class CgroupSampler {
 public:
  /// Keeps at most `descriptors` files open, and retries a container whose files cannot be read
  /// after each pause of `retry`.
  CgroupSampler(const cgroup::Paths& paths, std::size_t descriptors, Milliseconds retry,
                const config::OptionalGroups& optional_groups = {});

  /// Changes what the constructor was given. All files are closed, and opened again by the next
  /// sample.
  void reconfigure(std::size_t descriptors, Milliseconds retry,
                   const config::OptionalGroups& optional_groups);

  /// Loads are read at this pace from now on; 0: not at all, as at first. Another pace than before
  /// forgets all peaks.
  void set_peak_interval(Milliseconds pace);

  /// A container, and how its last sample went.
  struct Watched {
    Inventory::Run run;
    std::optional<cgroup::ContainerFiles> files;  ///< none: to be opened
    std::shared_ptr<model::ContainerStats> sample;
    std::optional<cgroup::CgroupError> error;
    bool was_located = false;    ///< by this sample: its files are in `files->location()`
    std::uint32_t failures = 0;  ///< in a row
    SteadyTime next_try{};
    std::vector<std::shared_ptr<model::ContainerStats>> buffers;
    IntervalPeaks peaks;  ///< of this run
  };
  using Container = std::map<std::string, Watched>::value_type;  ///< by id

  /// Takes up a run, or closes the files of a container that does not run. A known run is announced
  /// again where its settings may have changed: they are read anew.
  void follow(const std::string& id, const std::optional<Inventory::Run>& run);

  /// Picks the containers of the next batch, and a buffer for each.
  void prepare(SampleScope whose, SteadyTime now);
  /// Samples the batch.
  void sample(SteadyTime now);
  [[nodiscard]] const std::vector<Container*>& sampled() const noexcept { return batch_; }

  /// When loads are to be read next: never without a pace.
  [[nodiscard]] SteadyTime next_loads() const noexcept { return next_loads_; }
  /// Reads the load of each container whose files are known. One that fails is left to the next
  /// sample.
  void read_loads(SteadyTime now);
  /// The samples to come have the peaks of the interval that ends here.
  void end_interval();

  /// The first file of a process that could not be read for want of permission, and why; empty
  /// where all could be read so far.
  [[nodiscard]] const std::string& refused() const noexcept { return tools_.refused; }

 private:
  void sample(const std::string& id, Watched& watched, SteadyTime now);
  void read_load(Watched& watched);
  [[nodiscard]] std::optional<cgroup::CgroupError> open(const std::string& id, Watched& watched);

  cgroup::Paths paths_;
  Milliseconds retry_;
  config::OptionalGroups optional_groups_;
  cgroup::Locator locator_;
  cgroup::DescriptorBudget budget_;
  cgroup::SamplingContext tools_;
  SteadyTime next_settings_{};
  Milliseconds pace_{};  // of loads
  SteadyTime next_loads_ = SteadyTime::max();
  std::map<std::string, Watched> containers_;  // given back before the budget goes
  std::vector<Container*> batch_;
};

}  // namespace tidegauge::monitor
