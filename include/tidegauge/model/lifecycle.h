#pragma once

// Counts of what happened to the containers of one name, from the Engine's events: no poll can miss
// an event, and no field of the Engine resets a count. The counts continue when a container is
// removed and another is created under the same name.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "tidegauge/model/container.h"
#include "tidegauge/model/run_end.h"
#include "tidegauge/util/time.h"

namespace tidegauge::model {

/// The last run that has ended, in numbers.
struct LastRun {
  EndCause cause = EndCause::unknown;
  std::optional<int> signal;
  std::optional<double> duration_seconds;
  std::optional<double> cpu_seconds;
  std::optional<std::uint64_t> memory_peak_bytes;
  friend bool operator==(const LastRun&, const LastRun&) = default;
};

/// Sums over the runs that have ended: a job of two seconds counts, whenever it is looked at.
struct FinishedRuns {
  std::uint64_t count = 0;  ///< of runs that were started
  double cpu_seconds = 0;   ///< of those that were read
  double duration_seconds = 0;
  friend bool operator==(const FinishedRuns&, const FinishedRuns&) = default;
};

struct Lifecycle {
  WallTime counted_since{};  ///< start of the counts
  std::uint64_t restarts = 0;
  std::optional<std::uint64_t> oom_events = 0;  ///< absent if the Engine does not report them
  std::array<std::uint64_t, end_causes.size()> exits{};                    ///< by EndCause
  std::array<std::uint64_t, health_statuses.size()> health_transitions{};  ///< by Health
  std::optional<WallTime> last_exit_at;
  std::optional<WallTime> last_oom_at;
  std::optional<LastRun> last_run;
  FinishedRuns finished_runs;

  friend bool operator==(const Lifecycle&, const Lifecycle&) = default;
  /// Adds the counts of another container of the same name.
  Lifecycle& operator+=(const Lifecycle& other) noexcept;
};

/// Counts the end of a run, whose cause is decided.
void count_end(const RunEnd& end, Lifecycle& lifecycle);

/// Whether all counts are zero.
[[nodiscard]] bool is_blank(const Lifecycle& lifecycle) noexcept;

/// How an inventory of containers is kept up to date.
struct InventoryStats {
  std::map<std::pair<std::string, std::string>, std::uint64_t> events;  ///< by type and action
  std::uint64_t streams_opened = 0;
  std::uint64_t lists = 0;  ///< at the start and after lost events
  std::uint64_t drift = 0;  ///< differences that these lists found
};

}  // namespace tidegauge::model
