#include "tidegauge/pool/connection_pool.h"

#include <new>
#include <semaphore>
#include <thread>

#include "pool/calls.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/managed_scene.h"
#include "support/pool_scene.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::AcquireFailure;
using model::CloseReason;
using test::call;
using test::contains;
using test::error_of;
using test::eventually;
using test::Exchange;
using test::get;
using test::index_of;
using test::ManagedScene;
using test::PoolScene;
using test::quick;
using test::value_of;

TEST_CASE("a connection is acquired, used, released, and used again") {
  PoolScene scene;
  value_of(call(scene));
  value_of(call(scene));
  const auto stats = scene.pool().stats();
  CHECK(stats.endpoint == "local");
  CHECK(stats.acquired == 2);
  CHECK(stats.connections_created == 1);
  CHECK(stats.connections_idle == 1);
  CHECK(stats.connections_active == 0);
  CHECK(stats.open_sockets == 1);
  CHECK(stats.wait_success.count() == 2);
  CHECK(stats.create.count() == 1);
  CHECK(scene.server().counters().connections_accepted == 1);
}

TEST_CASE(
    "a full pool times out, and its error names the state of the pool and the oldest holder") {
  PoolScene scene({.max_connections = 1});
  const auto held = value_of(scene.pool().get_connection(
      {.call_class = model::CallClass::list, .key = "0123456789abcdef"}));
  const auto error = error_of(scene.pool().acquire({}, steady_now() + 5ms));
  CHECK(error.code == Errc::pool_timeout);
  CHECK_THAT(error.message, contains("1 of 1 lent"));
  CHECK_THAT(error.message, contains("held longest: list of 0123456789ab by thread"));
  CHECK_THAT(error.message, contains("connection_pool_test.cpp:"));
  const auto stats = scene.pool().stats();
  CHECK(stats.acquire_failures[index_of(AcquireFailure::timeout)] == 1);
  CHECK(stats.wait_failure.count() == 1);
}

TEST_CASE("a waiter gets the connection that another thread releases") {
  PoolScene scene({.max_connections = 1});
  std::optional held = value_of(scene.pool().get_connection());
  std::jthread waiter([&] { value_of(call(scene)); });
  REQUIRE(eventually([&] { return scene.pool().stats().pending_requests == 1; }));
  held.reset();
  waiter.join();
  CHECK(scene.pool().stats().acquired == 2);
}

TEST_CASE("a waiter that is told to stop leaves at once") {
  PoolScene scene({.max_connections = 1});
  const auto held = value_of(scene.pool().get_connection());
  std::stop_source stop;
  const std::jthread stopper([&] {
    if (eventually([&] { return scene.pool().stats().pending_requests == 1; })) stop.request_stop();
  });
  CHECK(error_of(scene.pool().acquire({}, steady_now() + 1h, stop.get_token())).code ==
        Errc::cancelled);
  CHECK(scene.pool().stats().pending_requests == 0);
}

TEST_CASE("a full queue refuses at once") {
  PoolScene scene({.max_connections = 1, .tuning = {.max_waiters = 1}});
  const auto held = value_of(scene.pool().get_connection());
  const std::jthread waiter([&] { std::ignore = scene.pool().acquire({}, steady_now() + 10s); });
  REQUIRE(eventually([&] { return scene.pool().stats().pending_requests == 1; }));
  CHECK(error_of(scene.pool().acquire({}, steady_now() + 10s)).code == Errc::queue_full);
  scene.pool().close(steady_now());
}

TEST_CASE("the next acquire notices an idle socket that the Engine has closed") {
  PoolScene scene;
  value_of(call(scene));
  scene.server().disconnect_all();
  value_of(call(scene));
  const auto stats = scene.pool().stats();
  CHECK(stats.connections_created == 2);
  CHECK(stats.connections_closed[index_of(CloseReason::peer_closed)] == 1);
  CHECK(stats.stale_retries == 0);
}

TEST_CASE("a connection past its lifetime is replaced when it is acquired") {
  PoolScene scene({.max_lifetime = -1ms});  // is over when it begins
  value_of(call(scene));
  value_of(call(scene));
  CHECK(scene.pool().stats().connections_closed[index_of(CloseReason::lifetime)] == 1);
  CHECK(scene.server().counters().connections_accepted == 2);
}

TEST_CASE("a closed pool lends no connection, and closes the connections that are released") {
  PoolScene scene;
  std::optional held = value_of(scene.pool().get_connection());
  value_of(get(*held));
  std::jthread closer([&] { CHECK(scene.pool().close(steady_now() + 10s).empty()); });
  REQUIRE(eventually([&] { return !scene.pool().get_connection(); }));
  CHECK(error_of(scene.pool().get_connection()).code == Errc::closed);
  held.reset();
  closer.join();
  CHECK(scene.pool().stats().open_sockets == 0);
  CHECK(scene.pool().stats().connections_closed[index_of(CloseReason::shutdown)] == 1);
}

TEST_CASE("closing aborts a call that does not end, and names its holder") {
  std::binary_semaphore asked(0);
  PoolScene scene({}, [&](const auto&, Exchange& exchange) {
    asked.release();
    exchange.hang();
  });
  std::jthread caller([&] { CHECK(error_of(call(scene)).code == Errc::closed); });
  asked.acquire();
  CHECK(scene.pool().close(steady_now()).empty());
  caller.join();

  PoolScene other;
  const auto held = value_of(other.pool().get_connection());
  const auto report = other.pool().close(steady_now());
  REQUIRE(report.size() == 1);
  CHECK_THAT(report[0], contains("call by thread"));
}

TEST_CASE("a connection that cannot be made costs no slot") {
  class NoMemory final : public http::Transport {
   public:
    std::unique_ptr<http::Connection> make() override { throw std::bad_alloc(); }
    [[nodiscard]] std::uint32_t open_sockets() const noexcept override { return 0; }
  };
  test::LogCapture log;
  pool::ConnectionPool pool("local", {}, {.max_connections = 1}, std::make_unique<NoMemory>(),
                            log.logger());
  for (int i = 0; i < 3; ++i) CHECK_THROWS_AS(pool.get_connection(), std::bad_alloc);
  CHECK(pool.stats().connections_active == 0);
}

// --- outage: a PoolManager with its thread -------------------------------------------------------

TEST_CASE("an Engine that is killed is down at once, and calls fail at once with the cause") {
  ManagedScene scene(quick());
  REQUIRE(scene.is_warm());
  scene.server().stop_listening(test::SocketFile::left);
  scene.server().disconnect_all();
  REQUIRE(scene.goes_down());
  const auto error = error_of(scene.pool().get_connection());
  CHECK(error.code == Errc::engine_down);
  CHECK_THAT(error.message, contains("engine local down for"));
  CHECK_THAT(error.message, contains("next probe in"));
  CHECK_THAT(error.message, contains("nobody listens"));
  CHECK(scene.pool().stats().acquire_failures[index_of(AcquireFailure::down)] == 1);

  scene.server().listen();
  REQUIRE(scene.comes_up());
  auto connection = value_of(scene.pool().get_connection());
  value_of(connection.perform({.target = "/", .limits = test::patient}));
  CHECK(scene.log().count("engine is down") == 1);
  CHECK(eventually([&] { return scene.log().count("engine is up again") == 1; }));
}

TEST_CASE("a ping finds that an Engine has frozen, and calls in flight are aborted") {
  ManagedScene scene(quick());
  REQUIRE(scene.is_warm());
  auto connection = value_of(scene.pool().get_connection());
  scene.server().freeze();
  const auto error = error_of(connection.perform({.target = "/", .limits = test::patient}));
  CHECK(error.code == Errc::engine_down);
  CHECK_FALSE(scene.pool().health().up);
  scene.server().thaw();
  REQUIRE(scene.comes_up());
}

TEST_CASE("a waiter is told at once that the Engine is down") {
  auto options = quick();
  options.max_connections = 1;
  options.connection_timeout = 1h;
  ManagedScene scene(options);
  REQUIRE(scene.is_warm());
  const auto held = value_of(scene.pool().get_connection());
  const std::jthread waiter(
      [&] { CHECK(error_of(scene.pool().get_connection()).code == Errc::engine_down); });
  REQUIRE(eventually([&] { return scene.pool().stats().pending_requests == 1; }));
  scene.server().freeze();
}

TEST_CASE("while the circuit is open only probes connect") {
  ManagedScene scene(quick());
  REQUIRE(scene.is_warm());
  scene.server().freeze();
  REQUIRE(scene.goes_down());
  REQUIRE(eventually([&] { return scene.pool().stats().probes_failed >= 4; }));
  CHECK(scene.pool().stats().open_sockets <= 1);
  CHECK(scene.log().count("level=warn") == 1);
}

TEST_CASE("an answered ping does not end an outage while real calls fail") {
  std::atomic<bool> broken = false;
  ManagedScene scene(quick(), [&](const test::Request& request, Exchange& exchange) {
    if (!broken || request.target == "/_ping") return void(exchange.reply(200));
    exchange.close();
  });
  REQUIRE(scene.is_warm());
  broken = true;
  for (int i = 0; i < 3 && scene.pool().health().up; ++i) {
    if (auto connection = scene.pool().get_connection()) {
      std::ignore = connection->perform({.target = "/containers/json", .limits = test::patient});
    }
  }
  REQUIRE(scene.goes_down());
  const auto pings = scene.server().requests("/_ping");
  REQUIRE(eventually([&] { return scene.server().requests("/_ping") > pings + 3; }));
  CHECK_FALSE(scene.pool().health().up);
  broken = false;
  REQUIRE(scene.comes_up());
}

TEST_CASE("a socket that appears is probed at once, not when the backoff ends") {
  auto options = quick();
  options.tuning.probe_backoff_initial = options.tuning.probe_backoff_max = 1h;
  ManagedScene scene(options);
  REQUIRE(scene.is_warm());
  scene.server().stop_listening(test::SocketFile::removed);
  scene.server().disconnect_all();
  REQUIRE(scene.goes_down());
  scene.server().listen();
  REQUIRE(scene.comes_up());
}
