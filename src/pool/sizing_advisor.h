#pragma once

// Advice for the log on the size of a pool: it is too small when many callers have to wait, and too
// large when most connections are never used. Works on the time and the counts that it is given.
// Used by the maintenance thread alone.

#include <cstdint>
#include <optional>
#include <string>

#include "tidegauge/model/pool_stats.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

class SizingAdvisor {
 public:
  /// Totals since the start, except the peak.
  struct Counts {
    std::uint64_t acquires = 0;    ///< failed ones included
    std::uint64_t long_waits = 0;  ///< of more than 100 ms
    std::uint32_t peak = 0;        ///< most lent at the same time since the last look
    std::uint32_t max_connections = 0;
  };

  explicit SizingAdvisor(SteadyTime now) : window_began_(now), day_began_(now) {}

  /// Advice, if there is any. At most once in a window of five minutes.
  std::optional<std::string> look(const Counts& counts, SteadyTime now);

  /// When to look again.
  [[nodiscard]] SteadyTime next_look() const noexcept;

 private:
  SteadyTime window_began_;
  SteadyTime day_began_;
  std::uint64_t acquires_before_ = 0;
  std::uint64_t long_waits_before_ = 0;
  std::uint32_t peak_of_day_ = 0;
};

/// The number of waits in a histogram that took more than 100 ms.
[[nodiscard]] std::uint64_t long_waits(const model::DurationHistogram& waits) noexcept;

}  // namespace tidegauge::pool
