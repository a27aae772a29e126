// Which failed calls are the failure of a container, and which are that of the Engine.

#include "pool/pool_state.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/managed_scene.h"
#include "support/pool_scene.h"
#include "tidegauge/http/curl_transport.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::AcquireFailure;
using test::contains;
using test::error_of;
using test::eventually;
using test::Exchange;
using test::ManagedScene;
using test::PoolScene;
using test::quick;
using test::Request;
using test::value_of;

namespace {

/// Closes the connection without a response, as a Go server whose handler panics.
void cut_the_bad(const Request& request, Exchange& exchange) {
  if (request.target.starts_with("/bad")) return exchange.close();
  exchange.reply(200, {}, "{}");
}

/// Sends bytes that are no HTTP.
void babble_about_the_bad(const Request& request, Exchange& exchange) {
  if (!request.target.starts_with("/bad")) return void(exchange.reply(200, {}, "{}"));
  exchange.raw("\x01 garbage\r\n\r\n");
  exchange.close();
}

Result<http::Response> ask(pool::ConnectionPool& pool, const std::string& target,
                           const std::string& key) {
  auto connection = pool.get_connection({.key = key});
  if (!connection) return fail(connection.error());
  return connection->perform({.target = target, .limits = test::patient});
}

Result<http::Response> ask_about(pool::ConnectionPool& pool, const std::string& container) {
  return ask(pool, "/" + container, container);
}

}  // namespace

TEST_CASE("only a probe that was sent during an outage ends that outage") {
  test::LogCapture log;
  const model::EngineAddress address{.path = "/nowhere"};
  pool::PoolState state("local", address, {}, http::make_curl_transport(address), log.logger(), {});
  using enum pool::ProbeKind;
  state.record_probe(recovery, Error{Errc::unreachable, "refused"});
  REQUIRE_FALSE(state.health().up);
  for (const auto kind : {ping, call}) {  // sent before the Engine went down
    state.record_probe(kind, std::nullopt);
    CHECK_FALSE(state.health().up);
  }
  state.record_probe(recovery, std::nullopt);
  CHECK(state.health().up);
}

TEST_CASE("a call about a container that fails during an outage does not count against it") {
  test::LogCapture log;
  const model::EngineAddress address{.path = "/nowhere"};
  pool::PoolState state("local", address, {}, http::make_curl_transport(address), log.logger(), {});
  const auto acquire = [&] {
    return value_of(
        state.acquire({.key = "web"}, steady_now() + 10s, {}, std::source_location::current()));
  };
  const std::array slots{acquire(), acquire()};
  using enum pool::ProbeKind;
  state.record_probe(ping, Error{Errc::unreachable, "refused"});
  for (const auto slot : slots) {
    state.record_failure(slot, {Errc::connection_lost, "the Engine hung up"});
    state.release(slot);
  }
  state.record_probe(recovery, std::nullopt);
  REQUIRE(state.health().up);
  CHECK(state.stats().quarantined.empty());
}

TEST_CASE("containers whose calls fail one after another leave the Engine up") {
  const auto handler = GENERATE(&cut_the_bad, &babble_about_the_bad);
  auto options = quick();
  options.tuning.quarantine_initial = 100ms;
  ManagedScene scene(options, handler);
  REQUIRE(scene.is_warm());
  const std::array<std::string, 4> bad{"bad-1", "bad-2", "bad-3", "bad-4"};
  for (int round = 0; round < 3; ++round) {
    for (const auto& container : bad) CHECK_FALSE(ask_about(scene.pool(), container));
  }
  // The probe that the failures made due has ended.
  REQUIRE(eventually([&] { return scene.server().requests("/version") >= 1; }));
  REQUIRE(eventually([&] { return scene.pool().stats().probes_succeeded >= 2; }));
  value_of(ask_about(scene.pool(), "good"));
  CHECK(scene.pool().health().up);
  CHECK(scene.pool().health().version == 0);
  CHECK(scene.log().count("engine is down") == 0);
}

TEST_CASE("a container whose calls keep failing is quarantined, and the refusal has the reason") {
  PoolScene scene({.tuning = {.quarantine_initial = 1h, .quarantine_max = 1h}}, cut_the_bad);
  for (int i = 0; i < 100; ++i) CHECK_FALSE(ask_about(scene.pool(), "bad-1"));
  CHECK(scene.server().requests("/bad-1") == 2);
  const auto refused = error_of(ask_about(scene.pool(), "bad-1"));
  CHECK(refused.code == Errc::quarantined);
  CHECK_THAT(refused.message, contains("calls about container bad-1 failed, and others did not"));
  const auto stats = scene.pool().stats();
  CHECK(stats.quarantined.size() == 1);
  CHECK_FALSE(stats.degraded);
  CHECK(stats.acquire_failures[static_cast<std::size_t>(AcquireFailure::quarantined)] == 99);
  CHECK(scene.log().count("calls about a container fail, and others do not") == 1);
  CHECK(scene.log().count("hung up before it answered") == 1);
  value_of(ask_about(scene.pool(), "good"));
}

TEST_CASE("an answer ends the quarantine of a container whose calls have failed") {
  std::atomic<bool> cut = true;
  PoolScene scene({.tuning = {.quarantine_initial = 10ms}},
                  [&](const Request&, Exchange& exchange) {
                    if (cut) return exchange.close();
                    exchange.reply(200);
                  });
  CHECK_FALSE(ask_about(scene.pool(), "web"));
  CHECK_FALSE(ask_about(scene.pool(), "web"));
  CHECK(scene.pool().stats().quarantined.size() == 1);
  cut = false;
  REQUIRE(eventually([&] { return ask_about(scene.pool(), "web").has_value(); }));
  CHECK(scene.pool().stats().quarantined.empty());
  CHECK(scene.log().count("answered again") == 1);
}

TEST_CASE("the probe after a failed call makes a real call as well") {
  PoolScene scene({}, cut_the_bad);
  CHECK_FALSE(ask_about(scene.pool(), "bad-1"));
  scene.maintain();
  CHECK(scene.server().requests("/_ping") == 1);
  CHECK(scene.server().requests("/version") == 1);
}

TEST_CASE("a probe that fails after a container's call means that the Engine is down") {
  std::atomic<bool> cuts = false;
  PoolScene scene({}, [&](const Request& request, Exchange& exchange) {
    if (cuts && request.target != "/_ping") return exchange.close();
    exchange.reply(200);
  });
  scene.maintain();
  cuts = true;
  CHECK_FALSE(ask_about(scene.pool(), "web"));
  CHECK(scene.pool().health().up);
  REQUIRE(eventually([&] {
    scene.maintain();
    return !scene.pool().health().up;
  }));
}

TEST_CASE("a probe repeats its real call once if the socket of the ping is closed") {
  std::atomic<int> versions = 0;
  PoolScene scene({}, [&](const Request& request, Exchange& exchange) {
    if (request.target == "/bad" || (request.target == "/version" && ++versions == 1)) {
      return exchange.close();
    }
    exchange.reply(200);
  });
  CHECK_FALSE(ask_about(scene.pool(), "bad"));
  scene.maintain();
  CHECK(versions == 2);
  CHECK(scene.pool().health().up);
}

TEST_CASE("failures in a row of calls about no container mean that the Engine is down") {
  PoolScene scene({.tuning = {.failure_threshold = 3}}, cut_the_bad);
  for (int i = 0; i < 2; ++i) CHECK_FALSE(ask(scene.pool(), "/bad", ""));
  CHECK(scene.pool().health().up);
  CHECK_FALSE(ask(scene.pool(), "/bad", ""));
  CHECK_FALSE(scene.pool().health().up);
}

TEST_CASE("an answered call or probe between two failures begins a new row") {
  PoolScene scene({.tuning = {.failure_threshold = 2}}, cut_the_bad);
  CHECK_FALSE(ask(scene.pool(), "/bad", ""));
  value_of(ask_about(scene.pool(), "good"));
  CHECK_FALSE(ask(scene.pool(), "/bad", ""));
  scene.maintain();
  REQUIRE(scene.server().requests("/version") == 1);
  CHECK_FALSE(ask(scene.pool(), "/bad", ""));
  CHECK(scene.pool().health().up);
  CHECK_FALSE(ask(scene.pool(), "/bad", ""));
  CHECK_FALSE(scene.pool().health().up);
}

TEST_CASE("a refused connection is the Engine's failure, also for calls about a container") {
  PoolScene scene({.tuning = {.failure_threshold = 3}});
  scene.server().stop_listening(test::SocketFile::removed);
  for (int i = 0; i < 3; ++i) {
    CHECK(scene.pool().health().up);
    CHECK(error_of(ask_about(scene.pool(), "web")).code == Errc::unreachable);
  }
  CHECK_FALSE(scene.pool().health().up);
  CHECK(scene.pool().stats().quarantined.empty());
}

TEST_CASE("a call marked as long neither opens the circuit nor quarantines its container") {
  PoolScene scene(
      {.tuning = {.quarantine_initial = 1h, .quarantine_max = 1h, .failure_threshold = 2}},
      [](const Request& request, Exchange& exchange) {
        if (request.target == "/slow") return exchange.hang();
        cut_the_bad(request, exchange);
      });
  const auto measure = [&](const std::string& target, const http::Limits& limits) {
    auto connection = scene.pool().get_connection({.key = "web", .takes_long = true});
    if (!connection) return Result<http::Response>(fail(connection.error()));
    return connection->perform({.target = target, .limits = limits});
  };
  for (int i = 0; i < 5; ++i) {
    CHECK(error_of(measure("/bad", test::patient)).code == Errc::connection_lost);
  }
  CHECK(error_of(measure("/slow", {.total = 10ms})).code == Errc::timeout);
  CHECK(scene.pool().health().up);
  CHECK(scene.pool().stats().quarantined.empty());
  value_of(ask_about(scene.pool(), "web"));
}

TEST_CASE("failures from before an outage do not count against a container after it") {
  ManagedScene scene(quick(), cut_the_bad);
  REQUIRE(scene.is_warm());
  CHECK_FALSE(ask_about(scene.pool(), "bad"));
  scene.kill_engine();
  REQUIRE(scene.goes_down());
  scene.server().listen();
  REQUIRE(scene.comes_up());
  CHECK(error_of(ask_about(scene.pool(), "bad")).code == Errc::connection_lost);
  CHECK(scene.pool().stats().quarantined.empty());
}
