#include "monitor/in_flight_control.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>

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

/// At which limit most of the answers come, once it is known what is best.
std::uint32_t usual_limit(InFlightControl& control, const Engine& engine) {
  constexpr int answers = 10'000;
  answer(control, engine, answers);
  std::map<std::uint32_t, int> times;
  for (int i = 0; i < answers; ++i) {
    ++times[control.limit()];
    answer(control, engine, 1);
  }
  return std::ranges::max_element(times, {}, [](const auto& counted) { return counted.second; })
      ->first;
}

}  // namespace

TEST_CASE("calls that only wait reach the upper limit within two cycles of 50") {
  InFlightControl control(8, 16);
  CHECK(control.limit() == 8);
  answer(control, waiting_engine, 100);
  CHECK(control.limit() == 16);
}

TEST_CASE("the upper limit need not be a power of two") {
  InFlightControl control(8, 11);
  answer(control, waiting_engine, 100);
  CHECK(control.limit() == 11);
}

TEST_CASE("calls that wait for each other are limited to those that the Engine works on") {
  InFlightControl control(8, 64);
  answer(control, working_engine, 400);
  CHECK(control.limit() == 2);
}

TEST_CASE("trials are rare once the best limit is known") {
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

TEST_CASE("a change of the Engine's speed is found") {
  InFlightControl control(8, 16);
  answer(control, working_engine, 1000);
  REQUIRE(control.limit() <= 4);
  answer(control, waiting_engine, 3000);
  CHECK(control.limit() == 16);
}

TEST_CASE("the limit is at least one, also if one is the upper limit") {
  InFlightControl control(1, 1);
  answer(control, working_engine, 1000);
  CHECK(control.limit() == 1);
}

TEST_CASE("answers to calls from before a change of the limit do not judge the new limit") {
  constexpr std::uint32_t before = 8;
  constexpr std::uint32_t after = 16;
  InFlightControl control(before, after);
  answer(control, waiting_engine, 2 * before);
  REQUIRE(control.limit() == after);
  for (std::uint32_t i = 0; i < before; ++i) control.answered(Seconds(100 * tick));
  const bool slow_as_well = GENERATE(false, true);
  for (std::uint32_t i = 0; i < 2 * after; ++i) {
    control.answered(Seconds(slow_as_well ? 100 * tick : tick));
  }
  CHECK(control.limit() == (slow_as_well ? before : after));
}

TEST_CASE("a doubled limit is kept only if it brings a quarter more answers") {
  const auto [gain, best] = GENERATE(table<double, std::uint32_t>({{1.2, 8}, {1.3, 16}}));
  InFlightControl control(8, 16);
  const auto usual = usual_limit(
      control, [gain](std::uint32_t in_flight) { return in_flight > 8 ? tick * 2 / gain : tick; });
  CHECK(usual == best);
}

TEST_CASE("a halved limit is kept if it costs at most a tenth of the answers") {
  const auto [left, best] = GENERATE(table<double, std::uint32_t>({{0.95, 4}, {0.85, 8}}));
  InFlightControl control(8, 8);
  const auto usual = usual_limit(control, [left](std::uint32_t in_flight) {
    if (in_flight >= 8) return tick;
    return in_flight == 4 ? tick / 2 / left : tick;
  });
  CHECK(usual == best);
}
