#pragma once

// The two clocks. Deadlines and ages use the steady clock; times that users read use the wall
// clock. Functions that tests call without waiting take `now` as a parameter.

#include <chrono>

namespace tidegauge {

using Milliseconds = std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

[[nodiscard]] inline SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

[[nodiscard]] inline WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

/// One moment by both clocks. Its age follows from the steady clock, which nobody can set; users
/// read the wall clock.
struct Moment {
  SteadyTime steady{};
  WallTime wall{};
};

[[nodiscard]] inline Moment moment_now() {
  return {.steady = steady_now(), .wall = wall_now()};
}

/// Seconds as Prometheus counts them.
template <class Rep, class Period>
[[nodiscard]] constexpr double to_seconds(std::chrono::duration<Rep, Period> duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Seconds since the Unix epoch. Whole seconds and the rest are converted separately: a double does
/// not hold the nanoseconds of today.
[[nodiscard]] constexpr double to_unix_seconds(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return to_seconds(whole.time_since_epoch()) + to_seconds(time - whole);
}

}  // namespace tidegauge
