#pragma once

// Watches whether a pool is of the right size, and says so in words for the log: too small when
// many callers have to wait, too large when most of it is never used. On the time and the counts it
// is given; used by one thread.

#include <cstdint>
#include <optional>
#include <string>

#include "tidegauge/model/pool_stats.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

class SizingAdvisor {
 public:
  /// What it looks at: totals since the start, but for the peak.
  struct Counts {
    std::uint64_t acquires = 0;    ///< failed ones included
    std::uint64_t long_waits = 0;  ///< of more than 100 ms
    std::uint32_t peak = 0;        ///< most lent at the same time since `peak_was_read`
    std::uint32_t max_connections = 0;
  };

  explicit SizingAdvisor(SteadyTime now) : window_began_(now), day_began_(now) {}

  /// Advice where there is some; at most one a window.
  std::optional<std::string> look(const Counts& counts, SteadyTime now);

  /// When there is something to look at again.
  [[nodiscard]] SteadyTime next_look() const noexcept;

 private:
  SteadyTime window_began_;
  SteadyTime day_began_;
  std::uint64_t acquires_before_ = 0;
  std::uint64_t long_waits_before_ = 0;
  std::uint32_t peak_of_day_ = 0;
};

/// Of the waits in a histogram, those of more than 100 ms.
[[nodiscard]] std::uint64_t long_waits(const model::DurationHistogram& waits) noexcept;

}  // namespace tidegauge::pool
