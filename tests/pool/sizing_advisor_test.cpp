#include "pool/sizing_advisor.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using pool::SizingAdvisor;
using test::contains;

namespace {
constexpr SteadyTime start = SteadyTime{} + 1h;
}

TEST_CASE("the advisor asks for a larger pool once a window if one wait in twenty is long") {
  SizingAdvisor advisor(start);
  CHECK_FALSE(
      advisor.look({.acquires = 100, .long_waits = 6, .max_connections = 16}, start + 4min));
  const auto advice =
      advisor.look({.acquires = 100, .long_waits = 6, .max_connections = 16}, start + 5min);
  REQUIRE(advice);
  CHECK_THAT(*advice, contains("6 of 100 callers waited more than 100 ms"));
  CHECK_THAT(*advice, contains("raise pool.max_connections"));
  // The next window counts from zero.
  CHECK_FALSE(
      advisor.look({.acquires = 200, .long_waits = 11, .max_connections = 16}, start + 10min));
}

TEST_CASE("the advisor suggests a smaller pool if a day never used half of it") {
  SizingAdvisor advisor(start);
  CHECK_FALSE(advisor.look({.peak = 7, .max_connections = 16}, start + 23h));
  const auto advice = advisor.look({.peak = 3, .max_connections = 16}, start + 24h);
  REQUIRE(advice);
  CHECK_THAT(*advice, contains("no more than 7 of 16 connections"));
  CHECK_FALSE(advisor.look({.peak = 8, .max_connections = 16}, start + 48h));
}

TEST_CASE("a wait of more than a tenth of a second is long") {
  model::DurationHistogram waits;
  for (const auto seconds : {0.0, 0.05, 0.1, 0.11, 0.5, 100.0}) waits.observe(seconds);
  CHECK(pool::long_waits(waits) == 3);
}
