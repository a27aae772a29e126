#include "monitor/interval_peaks.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tidegauge::monitor {

void IntervalPeaks::add(const cgroup::Load& load, Milliseconds pace) {
  current_.memory_bytes = std::max(current_.memory_bytes, load.memory_bytes);
  if (load.cpu_seconds) add_cpu(*load.cpu_seconds, load, pace);
}

void IntervalPeaks::add_cpu(double seconds, const cgroup::Load& load, Milliseconds pace) {
  if (mean_from_) {
    const auto longest = load.ended_at - mean_from_->begun_at;
    if (longest < pace * 3 / 4) return;
    const auto used = seconds - mean_from_->cpu_seconds;
    if (used >= 0) {  // v1's cpuacct.usage can be reset
      const std::optional cores = used / std::chrono::duration<double>(longest).count();
      current_.cpu_cores = std::max(current_.cpu_cores, cores);
    }
  }
  mean_from_ = {.cpu_seconds = seconds, .begun_at = load.begun_at};
}

void IntervalPeaks::end_interval() {
  finished_ = std::exchange(current_, {});
}

}  // namespace tidegauge::monitor
