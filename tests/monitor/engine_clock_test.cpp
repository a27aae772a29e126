#include "monitor/engine_clock.h"

#include <chrono>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::EngineClock;

namespace {

constexpr Moment noon{.steady = SteadyTime{1h}, .wall = WallTime{1'795'424'400s}};

Moment after_noon(std::chrono::nanoseconds time) {
  return {.steady = noon.steady + time, .wall = noon.wall + time};
}

}  // namespace

TEST_CASE("the time of a new event is the present, however wrong the Engine's clock is") {
  const auto wrong_by = GENERATE(as<std::chrono::nanoseconds>{}, -600s, 0s, 600s);
  EngineClock clock;
  clock.at_least(noon.wall + wrong_by, noon.steady);
  const auto happened = clock.moment_of(noon.wall + wrong_by, noon);
  REQUIRE(happened);
  CHECK(happened->steady == noon.steady);
  CHECK(happened->wall == noon.wall);
}

TEST_CASE("the age of a past event is the same by the Engine's and this machine's clocks") {
  EngineClock clock;
  clock.set(noon.wall - 600s, noon.steady);
  const auto now = after_noon(5s);
  const auto happened = clock.moment_of(noon.wall - 600s - 30s, now);
  REQUIRE(happened);
  CHECK(happened->steady == now.steady - 35s);
  CHECK(happened->wall == now.wall - 35s);
  CHECK(clock.now(now.steady) == noon.wall - 595s);
}

TEST_CASE("a past event does not set the Engine's clock back, and the time in an answer does") {
  EngineClock clock;
  clock.set(noon.wall, noon.steady);
  clock.at_least(noon.wall - 1h, noon.steady);
  CHECK(clock.now(noon.steady) == noon.wall);
  clock.at_least(noon.wall + 1s, noon.steady);
  CHECK(clock.now(noon.steady) == noon.wall + 1s);
  clock.set(noon.wall - 600s, noon.steady);
  CHECK(clock.now(noon.steady) == noon.wall - 600s);
}

TEST_CASE("no time can be converted before the Engine has told its time") {
  EngineClock clock;
  CHECK_FALSE(clock.moment_of(noon.wall, noon));
  clock.set(WallTime::max(), noon.steady);
  clock.at_least(WallTime::min(), noon.steady);
  CHECK_FALSE(clock.now(noon.steady));
}

TEST_CASE("a time in the Engine's future becomes the present, and an old time does not overflow") {
  EngineClock clock;
  clock.set(noon.wall, noon.steady);
  CHECK(clock.moment_of(WallTime::max(), noon)->steady == noon.steady);
  CHECK(clock.moment_of(WallTime::min(), noon)->steady < noon.steady - 24h * 365);
}
