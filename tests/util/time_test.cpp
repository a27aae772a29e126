#include "tidegauge/util/time.h"

#include <chrono>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;

TEST_CASE("durations become seconds, whatever their unit") {
  CHECK(to_seconds(1500ms) == 1.5);
  CHECK(to_seconds(2min) == 120);
  CHECK(to_seconds(-250us) == -0.00025);
}

TEST_CASE("the seconds of a point in time have the precision of a double") {
  const WallTime half_past{1'700'000'000s + 500ms};
  CHECK(to_unix_seconds(half_past) == 1'700'000'000.5);
  // The nearest double, not the neighbour that a sum of rounded nanoseconds would give.
  const WallTime odd{1'700'000'000s + 123'456'789ns};
  CHECK(to_unix_seconds(odd) == 1'700'000'000.123456789);
}

TEST_CASE("points in time before 1970 have negative seconds") {
  CHECK(to_unix_seconds(WallTime{-1500ms}) == -1.5);
}

TEST_CASE("the wall clock is the system's") {
  const auto before = std::chrono::system_clock::now();
  const auto now = wall_now();
  const auto after = std::chrono::system_clock::now();
  CHECK(now >= before);
  CHECK(now <= after);
}
