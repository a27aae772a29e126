#pragma once

// Knows the present time of the Engine's clock. That clock may be minutes behind this machine's
// clock or ahead of it, and either clock may be set at any time. So times that the Engine tells are
// compared with each other alone, and their age is measured from the Engine's present.
//
// Example: the Engine's clock is 600 s behind. It tells of an end at 11:50:00, and at that moment
// this machine's clock says 12:00:00. `at_least` puts the Engine's present at 11:50:00, so the end
// is less than a second old, and `moment_of` places it at 12:00:00.
//
// Not thread-safe: part of Inventory.

#include <algorithm>
#include <optional>

#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class EngineClock {
 public:
  /// The Engine has told its time in an answer.
  void set(WallTime engine_time, SteadyTime now) {
    if (is_plausible(engine_time)) ahead_ = ahead(engine_time, now);
  }

  /// The Engine has told of an event at this time: its present is not earlier.
  void at_least(WallTime engine_time, SteadyTime now) {
    if (is_plausible(engine_time))
      ahead_ = std::max(ahead_, std::optional(ahead(engine_time, now)));
  }

  /// The Engine's present; nothing until the Engine has told a time.
  [[nodiscard]] std::optional<WallTime> now(SteadyTime now) const {
    if (!ahead_) return std::nullopt;
    return WallTime{*ahead_ + now.time_since_epoch()};
  }

  /// Converts a time of the Engine's clock to this machine's clocks; a time in the Engine's future
  /// becomes now. Nothing until the Engine has told a time.
  [[nodiscard]] std::optional<Moment> moment_of(WallTime engine_time, const Moment& now) const {
    const auto present = this->now(now.steady);
    if (!present) return std::nullopt;
    const auto age = *present - std::clamp(engine_time, *present - oldest, *present);
    return Moment{.steady = now.steady - age, .wall = now.wall - age};
  }

 private:
  using Nanoseconds = std::chrono::nanoseconds;

  /// Far enough from what nanoseconds in 64 bits can count to add and subtract.
  static constexpr Nanoseconds oldest = std::chrono::years(50);
  static constexpr WallTime latest{std::chrono::years(200)};

  static bool is_plausible(WallTime time) { return time >= WallTime{} && time < latest; }
  static Nanoseconds ahead(WallTime engine_time, SteadyTime now) {
    return engine_time.time_since_epoch() - now.time_since_epoch();
  }

  std::optional<Nanoseconds> ahead_;  ///< the Engine's time less this machine's steady time
};

}  // namespace tidegauge::monitor
