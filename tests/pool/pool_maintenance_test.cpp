#include "pool/pool_maintenance.h"

#include <optional>
#include <utility>
#include <vector>

#include "pool/calls.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/managed_scene.h"
#include "support/pool_scene.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::CloseReason;
using test::call;
using test::eventually;
using test::get;
using test::index_of;
using test::ManagedScene;
using test::PoolScene;
using test::quick;
using test::value_of;

TEST_CASE("maintenance connects and pings the minimum") {
  PoolScene scene({.max_connections = 8, .min_connections = 3});
  scene.maintain();
  scene.maintain();
  const auto stats = scene.pool().stats();
  CHECK(stats.connections_idle == 3);
  CHECK(stats.probes_succeeded == 3);
  CHECK(scene.server().requests("/_ping") == 3);
}

TEST_CASE("maintenance closes sockets that the Engine has closed") {
  PoolScene scene;
  value_of(call(scene));
  scene.server().disconnect_all();
  scene.maintain();
  CHECK(scene.pool().stats().connections_closed[index_of(CloseReason::peer_closed)] == 1);
}

TEST_CASE("idle connections above the minimum are closed after the idle timeout") {
  PoolScene scene({.min_connections = 1, .idle_timeout = 1ms});
  {
    auto first = value_of(scene.pool().get_connection());
    auto second = value_of(scene.pool().get_connection());
    value_of(get(first));
    value_of(get(second));
  }
  CHECK(scene.pool().stats().connections_idle == 2);
  scene.maintain(2ms);
  CHECK(scene.pool().stats().connections_closed[index_of(CloseReason::idle)] == 1);
  scene.maintain(2ms);
  CHECK(scene.pool().stats().connections_idle == 1);
}

TEST_CASE("a leaked lease is reported once with its place, and once more when it is released") {
  PoolScene scene({.max_connections = 1, .min_connections = 0, .leak_threshold = 1ms});
  std::optional held = value_of(scene.pool().get_connection());
  scene.maintain(2ms);
  CHECK(scene.pool().stats().leaked_leases == 1);
  scene.maintain(2ms);
  CHECK(scene.pool().stats().leaks_detected == 1);
  CHECK(scene.log().count("held for too long") == 1);
  CHECK(scene.log().count("pool_maintenance_test.cpp:") == 1);
  held.reset();
  CHECK(scene.pool().stats().leaks_recovered == 1);
  CHECK(scene.log().count("released after all") == 1);
  held = value_of(scene.pool().get_connection());
  scene.maintain(2ms);
  CHECK(scene.pool().stats().leaks_detected == 2);  // the next lease of the slot is another
}

TEST_CASE("the socket of a lease from before an outage is closed when the lease is released") {
  ManagedScene scene(quick());
  REQUIRE(scene.is_warm());
  std::optional held = value_of(scene.pool().get_connection());
  value_of(get(*held));
  const auto reset = [&] {
    return scene.pool().stats().connections_closed[index_of(CloseReason::reset)];
  };
  scene.server().freeze();
  REQUIRE(scene.goes_down());
  scene.server().thaw();
  REQUIRE(scene.comes_up());
  REQUIRE(scene.is_warm());
  const auto before = reset();
  held.reset();
  CHECK(reset() == before + 1);
  const auto stats = scene.pool().stats();
  CHECK(stats.open_sockets == stats.connections_idle);
}

TEST_CASE("after an outage the limit of leases grows step by step") {
  constexpr std::uint32_t all = 64;
  PoolScene scene({.max_connections = all,
                   .min_connections = 0,  // so that maintenance holds none itself
                   .health_check_interval = 1h,
                   .tuning = {.failure_threshold = 1}});
  const auto maintain = [&](SteadyTime now) {
    pool::PollSet poll_set;
    scene.pool().maintain(now, poll_set);
  };
  scene.server().stop_listening(test::SocketFile::removed);
  CHECK_FALSE(call(scene));
  maintain(steady_now());
  scene.server().listen();
  REQUIRE(eventually([&] {
    maintain(steady_now());
    return scene.pool().health().up;
  }));
  std::vector<pool::PooledConnection> lent;
  const auto borrow_all = [&] {
    while (auto connection = scene.pool().acquire({}, steady_now() + 5ms)) {
      lent.push_back(std::move(*connection));
    }
    return lent.size();
  };
  CHECK(borrow_all() == 1);
  maintain(steady_now() + 60ms);
  const auto next = borrow_all();
  CHECK(next >= 2);
  CHECK(next < all);
  CHECK(eventually([&] {
    maintain(steady_now());
    return borrow_all() == all;
  }));
}
