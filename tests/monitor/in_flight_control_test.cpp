#include "tidegauge/monitor/in_flight_control.h"

#include <algorithm>
#include <functional>

#include "support/catch.h"

using tidegauge::monitor::InFlightControl;
using Seconds = InFlightControl::Seconds;

namespace {

/// How long an Engine takes for an answer while so many calls are in flight.
using Engine = std::function<double(std::uint32_t in_flight)>;

constexpr double tick = 0.7;
constexpr double work = 0.004;

/// Every call waits for the same tick.
double waiting_engine(std::uint32_t /*in_flight*/) {
  return tick;
}
/// Works on two calls at a time.
double working_engine(std::uint32_t in_flight) {
  return work * std::max(1.0, in_flight / 2.0);
}

void answer(InFlightControl& control, const Engine& engine, int times) {
  for (int i = 0; i < times; ++i) control.answered(Seconds(engine(control.limit())));
}

}  // namespace

TEST_CASE("where calls only wait, as many as allowed are made at a time, within two cycles of 50") {
  InFlightControl control(8, 16);
  CHECK(control.limit() == 8);
  answer(control, waiting_engine, 100);
  CHECK(control.limit() == 16);
}

TEST_CASE("what is allowed need not be a power of two") {
  InFlightControl control(8, 11);
  answer(control, waiting_engine, 100);
  CHECK(control.limit() == 11);
}

TEST_CASE("where calls wait for each other, no more are made than are worked on") {
  InFlightControl control(8, 64);
  answer(control, working_engine, 400);
  CHECK(control.limit() == 2);
}

TEST_CASE("trials are rare once it is known what is best") {
  const auto waits = GENERATE(true, false);
  const Engine engine = waits ? waiting_engine : working_engine;
  const std::uint32_t best = waits ? 16 : 2;
  InFlightControl control(8, 16);
  answer(control, engine, 1000);
  int elsewhere = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (control.limit() != best) ++elsewhere;
    answer(control, engine, 1);
  }
  CHECK(elsewhere < 500);
}

TEST_CASE("an Engine that becomes another is found out") {
  InFlightControl control(8, 16);
  answer(control, working_engine, 1000);
  REQUIRE(control.limit() <= 4);
  answer(control, waiting_engine, 3000);
  CHECK(control.limit() == 16);
}

TEST_CASE("one call at a time is the least, and no more than one may be all that is allowed") {
  InFlightControl control(1, 1);
  answer(control, working_engine, 1000);
  CHECK(control.limit() == 1);
}
