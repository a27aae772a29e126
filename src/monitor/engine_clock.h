#pragma once

// What time it is at the Engine. Its clock may be minutes behind this machine's or ahead of it, and
// either may be set at any time: so a time that the Engine tells is compared with other times of
// the Engine alone, and its age is measured from the Engine's present.
//
// Example: the Engine's clock is 600 s behind. It tells of an end at 11:50:00, and at that moment
// this machine's clock says 12:00:00. `at_least` puts the Engine's present at 11:50:00, so the end
// is no second old, and `moment_of` places it at 12:00:00.
//
// Not thread-safe: part of Inventory.

#include <algorithm>
#include <optional>

#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class EngineClock {
 public:
  /// The Engine has said what time it is, in answer to a question.
  void set(WallTime engine_time, SteadyTime now) {
    if (is_plausible(engine_time)) ahead_ = ahead(engine_time, now);
  }

  /// The Engine has told of something that happened then, now or some time ago.
  void at_least(WallTime engine_time, SteadyTime now) {
    if (is_plausible(engine_time))
      ahead_ = std::max(ahead_, std::optional(ahead(engine_time, now)));
  }

  /// Nothing: the Engine has told no time yet.
  [[nodiscard]] std::optional<WallTime> now(SteadyTime now) const {
    if (!ahead_) return std::nullopt;
    return WallTime{*ahead_ + now.time_since_epoch()};
  }

  /// When something was by this machine's clocks that the Engine has dated; what it has dated in
  /// its future is now. Nothing: it has told no time yet.
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
