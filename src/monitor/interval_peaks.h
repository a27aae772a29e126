#pragma once

// The highest load of one run of a container in an interval, from readings that follow each other
// at a pace: memory in use as it was read, and the mean CPU use between two readings.
//
// A mean is the CPU time divided by the longest time that may lie between the two readings. So it
// is never too high, even if a reading comes late or is interrupted. Two readings closer than three
// quarters of the pace make no mean, because a burst that is shorter than the pace would look like
// more than it is: the mean then goes on to the next reading. Example: a run that starts is read at
// once, and again 0.2 s later with all other containers; its first mean ends 1.2 s after the start.
//
// Used by one thread.

#include <cstdint>
#include <optional>

#include "tidegauge/cgroup/container_files.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class IntervalPeaks {
 public:
  struct Highest {
    std::optional<std::uint64_t> memory_bytes;
    std::optional<double> cpu_cores;
  };

  void add(const cgroup::Load& load, Milliseconds pace);
  /// A mean belongs to the interval in which it ends.
  void end_interval();
  /// Empty where the last finished interval had no reading.
  [[nodiscard]] const Highest& of_last_interval() const noexcept { return finished_; }

 private:
  void add_cpu(double seconds, const cgroup::Load& load, Milliseconds pace);

  struct Reading {
    double cpu_seconds = 0;
    SteadyTime begun_at{};
  };
  std::optional<Reading> mean_from_;
  Highest current_;
  Highest finished_;
};

}  // namespace tidegauge::monitor
