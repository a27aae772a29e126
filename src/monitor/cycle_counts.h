#pragma once

// What a cycle counts: failed calls, and the longest time between the moment when a sample was due
// and its answer. The workers count, ContainerMonitor takes the counts at the end of each cycle.
// Thread-safe.

#include <atomic>
#include <cstdint>
#include <string>

#include "tidegauge/model/cycle_report.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class CycleCounts {
 public:
  void count_list_error() noexcept { ++list_errors_; }
  void count_inspect_error() noexcept { ++inspect_errors_; }
  void count_sample_error() noexcept { ++sample_errors_; }

  void record_latency(SteadyTime::duration latency) noexcept {
    for (auto longest = max_latency_.load();
         longest < latency && !max_latency_.compare_exchange_weak(longest, latency);) {
    }
  }

  /// The counts since the last call.
  model::CycleReport take(const std::string& endpoint) {
    return {.endpoint = endpoint,
            .duration = max_latency_.exchange({}),
            .list_errors = list_errors_.exchange(0),
            .inspect_errors = inspect_errors_.exchange(0),
            .stats_errors = sample_errors_.exchange(0)};
  }

 private:
  std::atomic<std::uint64_t> list_errors_ = 0;
  std::atomic<std::uint64_t> inspect_errors_ = 0;
  std::atomic<std::uint64_t> sample_errors_ = 0;
  std::atomic<SteadyTime::duration> max_latency_{};
};

}  // namespace tidegauge::monitor
