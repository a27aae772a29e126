#include "tidegauge/model/lifecycle.h"

#include "support/catch.h"

using namespace tidegauge;
using model::ExitClass;

namespace {

WallTime at(int seconds) {
  return WallTime{std::chrono::seconds{seconds}};
}

}  // namespace

TEST_CASE("an exit code has a class, and the class a label") {
  const auto [code, exit, label] =
      GENERATE(table<int, ExitClass, std::string>({{0, ExitClass::success, "0"},
                                                   {1, ExitClass::failure, "1-125"},
                                                   {125, ExitClass::failure, "1-125"},
                                                   {126, ExitClass::not_started, "126-127"},
                                                   {127, ExitClass::not_started, "126-127"},
                                                   {128, ExitClass::signal, "signal"},
                                                   {137, ExitClass::killed, "137"},
                                                   {139, ExitClass::signal, "signal"},
                                                   {143, ExitClass::terminated, "143"},
                                                   {-1, ExitClass::signal, "signal"}}));
  CAPTURE(code);
  CHECK(model::exit_class(code) == exit);
  CHECK(to_string(exit) == label);
}

TEST_CASE("the sum of two lifecycles counts both, from the earlier start to the later end") {
  model::Lifecycle sum{.counted_since = at(20), .restarts = 1, .last_exit_at = at(30)};
  sum.oom_events = 2;
  sum.exits[0] = 3;
  const model::Lifecycle other{
      .counted_since = at(10), .restarts = 4, .exits = {1, 1}, .last_oom_at = at(25)};
  sum += other;
  CHECK(sum.counted_since == at(10));
  CHECK(sum.restarts == 5);
  CHECK(sum.oom_events == 2U);
  CHECK(sum.exits[0] == 4);
  CHECK(sum.exits[1] == 1);
  CHECK(sum.last_exit_at == at(30));
  CHECK(sum.last_oom_at == at(25));
}

TEST_CASE("a lifecycle that began nowhere takes the start of the other") {
  model::Lifecycle sum;
  sum += {.counted_since = at(10)};
  CHECK(sum.counted_since == at(10));
}

TEST_CASE("an Engine that does not report out-of-memory events has no count of them in the sum") {
  model::Lifecycle sum{.oom_events = std::nullopt};
  sum += {.oom_events = 3};
  CHECK_FALSE(sum.oom_events);
}

TEST_CASE("a lifecycle is blank until something is counted") {
  CHECK(model::is_blank(model::Lifecycle{}));
  CHECK(model::is_blank({.counted_since = at(10), .oom_events = std::nullopt}));
  CHECK_FALSE(model::is_blank({.restarts = 1}));
  CHECK_FALSE(model::is_blank({.oom_events = 1}));
  CHECK_FALSE(model::is_blank({.exits = {0, 1}}));
  CHECK_FALSE(model::is_blank({.health_transitions = {1}}));
}
