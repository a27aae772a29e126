#pragma once

// The two clocks, by the names used throughout: deadlines and ages are steady, what users read is
// wall-clock. Code that must be tested without waiting takes `now` as a parameter.

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

/// One moment by both clocks. How long ago it was, the steady one says, which nobody sets; the
/// other is for users to read.
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

/// Seconds since the Unix epoch. Whole seconds apart: a double does not hold today's nanoseconds.
[[nodiscard]] constexpr double to_unix_seconds(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  return to_seconds(whole.time_since_epoch()) + to_seconds(time - whole);
}

}  // namespace tidegauge
