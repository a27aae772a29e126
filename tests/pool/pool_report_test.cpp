// How a pool stands, as its statistics and its slots tell it.

#include <algorithm>
#include <optional>
#include <thread>

#include "pool/calls.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/pool_scene.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;
using test::eventually;
using test::PoolScene;
using test::value_of;

TEST_CASE("the statistics count slots by use") {
  PoolScene scene({.max_connections = 3, .min_connections = 0});
  auto first = value_of(scene.pool().get_connection());
  {
    auto second = value_of(scene.pool().get_connection());
    value_of(test::get(second));
  }
  const auto stats = scene.pool().stats();
  CHECK(stats.connections_max == 3);
  CHECK(stats.connections_min == 0);
  CHECK(stats.connections_active == 1);
  CHECK(stats.connections_idle == 1);
  CHECK(stats.connections_peak == 2);
  CHECK(stats.oldest_lease_seconds > 0);
  CHECK(stats.circuit == model::CircuitState::closed);
}

TEST_CASE("the statistics count waiters and their waiting times") {
  PoolScene scene({.max_connections = 1});
  std::optional held = value_of(scene.pool().get_connection());
  const std::jthread waiter([&] { std::ignore = scene.pool().acquire({}, steady_now() + 1min); });
  REQUIRE(eventually([&] { return scene.pool().stats().pending_requests == 1; }));
  CHECK(scene.pool().stats().oldest_waiter_seconds > 0);
  held.reset();
  REQUIRE(eventually([&] { return scene.pool().stats().acquired == 2; }));
  CHECK(scene.pool().stats().oldest_waiter_seconds == 0);
}

TEST_CASE("the debug page has every slot with its state, socket and holder") {
  PoolScene scene({.max_connections = 2, .min_connections = 0, .max_streams = 1});
  auto held = value_of(scene.pool().get_connection({.key = "web"}));
  value_of(test::get(held));
  const auto slots = scene.pool().slots();
  REQUIRE(slots.size() == 4);  // two of callers, one of streams, that of the prober
  const auto leased = std::ranges::find(slots, "leased", &model::SlotStats::state);
  REQUIRE(leased != slots.end());
  CHECK(leased->connected);
  CHECK_FALSE(leased->for_streams);
  CHECK_THAT(leased->holder, contains("call of web by thread "));
  CHECK_THAT(leased->holder, contains("pool_report_test.cpp:"));
  CHECK(std::ranges::count(slots, "empty", &model::SlotStats::state) == 3);
  CHECK(std::ranges::count(slots, "", &model::SlotStats::holder) == 3);
  CHECK(slots[2].for_streams);
  CHECK(std::ranges::count(slots, true, &model::SlotStats::for_streams) == 1);
}
