// Calls that get stuck: quarantine of a container, and the degraded state.

#include "support/catch.h"
#include "support/eventually.h"
#include "support/pool_scene.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::AcquireFailure;
using test::contains;
using test::error_of;
using test::eventually;
using test::Exchange;
using test::value_of;

namespace {

constexpr http::Limits impatient{.total = 10ms};  // of calls that nobody answers
constexpr http::Limits patient{.total = 20s};

/// Answers all requests except those about stuck containers.
void hang_on_stuck(const test::Request& request, Exchange& exchange) {
  if (request.target.starts_with("/stuck")) return exchange.hang();
  exchange.reply(200, {}, "{}");
}

config::PoolConfig quick_quarantine() {
  return {.tuning = {.quarantine_initial = 50ms, .quarantine_max = 1min}};
}

Result<http::Response> ask_about(pool::ConnectionPool& pool, const std::string& container,
                                 const http::Limits& limits = impatient) {
  auto connection = pool.get_connection({.key = container});
  if (!connection) return fail(connection.error());
  return connection->perform({.target = "/" + container, .limits = limits});
}

}  // namespace

TEST_CASE("a call about a stuck container is refused at once, and calls about others are sent") {
  test::PoolScene scene({.tuning = {.quarantine_initial = 1min}}, hang_on_stuck);
  CHECK(error_of(ask_about(scene.pool(), "stuck-1")).code == Errc::timeout);
  const auto refused = error_of(ask_about(scene.pool(), "stuck-1"));
  CHECK(refused.code == Errc::quarantined);
  CHECK_THAT(refused.message, contains("calls about container stuck-1 got stuck; the next may go"));
  value_of(ask_about(scene.pool(), "healthy", patient));
  const auto stats = scene.pool().stats();
  CHECK(stats.quarantined.size() == 1);
  CHECK(stats.acquire_failures[static_cast<std::size_t>(AcquireFailure::quarantined)] == 1);
  CHECK(stats.stuck_operations[static_cast<std::size_t>(model::CallClass::call)] == 1);
  CHECK(scene.server().requests("/stuck-1") == 1);
}

TEST_CASE("a quarantined container gets a trial, and the answer ends the quarantine") {
  std::atomic<bool> stuck = true;
  test::PoolScene scene(quick_quarantine(), [&](const test::Request&, Exchange& exchange) {
    if (stuck) return exchange.hang();
    exchange.reply(200);
  });
  CHECK(error_of(ask_about(scene.pool(), "web")).code == Errc::timeout);
  stuck = false;
  REQUIRE(eventually([&] { return ask_about(scene.pool(), "web", patient).has_value(); }));
  CHECK(scene.pool().stats().quarantined.empty());
  CHECK(scene.log().count("it is quarantined") == 1);
  CHECK(scene.log().count("answered again") == 1);
}

TEST_CASE("several stuck containers limit the calls in flight while pings are answered") {
  test::PoolScene scene(quick_quarantine(), hang_on_stuck);
  for (const auto* container : {"stuck-1", "stuck-2", "stuck-3"}) {
    CHECK(error_of(ask_about(scene.pool(), container)).code == Errc::timeout);
  }
  scene.maintain();
  CHECK(scene.pool().stats().degraded);
  CHECK(scene.pool().health().up);
  const auto first = value_of(scene.pool().get_connection());
  const auto second = value_of(scene.pool().get_connection());
  CHECK(error_of(scene.pool().acquire({}, steady_now() + 5ms)).code == Errc::pool_timeout);
  CHECK(scene.log().count("engine answers pings, but calls get stuck") == 1);
}

TEST_CASE("a stuck list alone degrades the Engine") {
  test::PoolScene scene({}, hang_on_stuck);
  auto connection = value_of(scene.pool().get_connection({.call_class = model::CallClass::list}));
  CHECK_FALSE(connection.perform({.target = "/stuck", .limits = impatient}));
  scene.maintain();
  CHECK(scene.pool().stats().degraded);
}
