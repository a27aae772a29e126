#include "monitor/interval_peaks.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::IntervalPeaks;
using test::Approx;

namespace {

constexpr Milliseconds pace = 1s;
constexpr SteadyTime start{1h};

/// A reading that takes no time.
cgroup::Load reading(std::optional<double> cpu_seconds, SteadyTime::duration at,
                     std::optional<std::uint64_t> memory_bytes = std::nullopt) {
  return {.memory_bytes = memory_bytes,
          .cpu_seconds = cpu_seconds,
          .begun_at = start + at,
          .ended_at = start + at};
}

/// The CPU time of a container that used one core between `begin` and `end`, and nothing else.
double used_at(Milliseconds now, Milliseconds begin, Milliseconds end) {
  return std::chrono::duration<double>(std::clamp(now, begin, end) - begin).count();
}

}  // namespace

TEST_CASE("the highest memory is shown once its interval has ended, and for one interval") {
  IntervalPeaks peaks;
  for (const auto bytes : {100U, 900U, 200U}) peaks.add(reading({}, 0s, bytes), pace);
  CHECK_FALSE(peaks.of_last_interval().memory_bytes);
  peaks.end_interval();
  peaks.add(reading({}, 1s, 300), pace);
  CHECK(peaks.of_last_interval().memory_bytes == 900U);
  peaks.end_interval();
  CHECK(peaks.of_last_interval().memory_bytes == 300U);
  peaks.end_interval();
  CHECK_FALSE(peaks.of_last_interval().memory_bytes);
}

TEST_CASE("the highest CPU use is that of the busiest time between two readings") {
  IntervalPeaks peaks;
  peaks.add(reading(5.0, 0s), pace);
  peaks.add(reading(5.5, 1s), pace);
  peaks.add(reading(7.5, 2s), pace);
  peaks.add(reading(7.6, 3s), pace);
  peaks.end_interval();
  CHECK(peaks.of_last_interval().cpu_cores == 2.0);
}

TEST_CASE("CPU use over the end of an interval counts in the interval in which it was read") {
  IntervalPeaks peaks;
  peaks.add(reading(1.0, 0s), pace);
  peaks.end_interval();
  CHECK_FALSE(peaks.of_last_interval().cpu_cores);
  peaks.add(reading(1.5, 1s), pace);
  peaks.end_interval();
  CHECK(peaks.of_last_interval().cpu_cores == 0.5);
}

TEST_CASE("a late reading makes the mean over the time that has really passed") {
  IntervalPeaks peaks;
  peaks.add(reading(1.0, 0s), pace);
  peaks.add(reading(5.0, 4s), pace);
  peaks.end_interval();
  CHECK(peaks.of_last_interval().cpu_cores == 1.0);
}

TEST_CASE("a reading that is interrupted never makes a mean too high") {
  IntervalPeaks peaks;
  // One core is used all the time. The first file was read at its end, the second at its beginning.
  peaks.add({.cpu_seconds = 0.5, .begun_at = start, .ended_at = start + 500ms}, pace);
  peaks.add({.cpu_seconds = 1.0, .begun_at = start + 1s, .ended_at = start + 1s}, pace);
  peaks.end_interval();
  CHECK(peaks.of_last_interval().cpu_cores == 0.5);
  // And the other way round.
  peaks.add({.cpu_seconds = 2.0, .begun_at = start + 2s, .ended_at = start + 3s}, pace);
  peaks.end_interval();
  CHECK(peaks.of_last_interval().cpu_cores == 0.5);
}

TEST_CASE("two readings too close to each other make no mean, but begin one with the next") {
  IntervalPeaks peaks;
  peaks.add(reading(0.0, 0s), pace);
  peaks.add(reading(0.2, 200ms, 700), pace);
  peaks.add(reading(0.6, 1200ms), pace);
  peaks.end_interval();
  CHECK(peaks.of_last_interval().cpu_cores == Approx(0.5));
  CHECK(peaks.of_last_interval().memory_bytes == 700U);
}

TEST_CASE("CPU time that was reset makes no mean") {
  IntervalPeaks peaks;
  peaks.add(reading(9.0, 0s), pace);
  peaks.add(reading(0.1, 1s), pace);
  peaks.end_interval();
  CHECK_FALSE(peaks.of_last_interval().cpu_cores);
  peaks.add(reading(0.4, 2s), pace);
  peaks.end_interval();
  CHECK(peaks.of_last_interval().cpu_cores == Approx(0.3));
}

TEST_CASE("a burst of two and a half paces shows in full, one of 1.2 at least six tenths") {
  const auto [length, least] =
      GENERATE(table<Milliseconds, double>({{2500ms, 1.0}, {1200ms, 0.6}}));
  double lowest = 1;
  for (Milliseconds phase = 0ms; phase < pace; phase += 10ms) {
    IntervalPeaks peaks;
    for (Milliseconds now = 0ms; now <= 6s; now += pace) {
      peaks.add(reading(used_at(now, 1s + phase, 1s + phase + length), now), pace);
    }
    peaks.end_interval();
    lowest = std::min(lowest, peaks.of_last_interval().cpu_cores.value_or(0));
  }
  CHECK(lowest == Approx(least));
}
