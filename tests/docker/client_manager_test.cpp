#include "tidegauge/docker/client_manager.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "simulated_engine/simulated_engine.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::Call;
using test::contains;
using test::EngineCall;
using test::error_of;
using test::Exchange;
using test::FaultKind;
using test::value_of;

namespace {

/// Defaults, but for maintenance, after the first connection none for the next hour, and for
/// quarantine, none at all.
config::PoolConfig unattended() {
  return {.health_check_interval = 1h,
          .tuning = {.quarantine_initial = 0ms, .quarantine_max = 0ms}};
}

/// A simulated Engine of three running containers, and a manager of clients of it.
class SimulatedScene {
 public:
  explicit SimulatedScene(config::PoolConfig options = unattended())
      : options_(options),
        engine_({.socket_path = directory_.file("docker.sock"), .containers = 3}),
        endpoints_{{.name = "local", .address = {.path = directory_.file("docker.sock")}}},
        pools_(endpoints_, options_, http::make_curl_transport, log_.logger(), guard_),
        clients_(pools_, endpoints_, options_) {
    REQUIRE(test::eventually([&] { return pool().connections_idle == 1; }));
  }

  docker::ClientManager& clients() { return clients_; }
  test::SimulatedEngine& engine() { return engine_; }
  [[nodiscard]] model::PoolStats pool() { return pools_.pool("local").stats(); }

  /// Makes every call there is; how many of them failed.
  std::size_t call_everything(const std::stop_token& stop = {}) {
    std::size_t failed = 0;
    const auto count = [&](const auto& result) { failed += result ? 0U : 1U; };
    count(clients_.ping("local", stop));
    count(clients_.version("local", stop));
    count(clients_.info("local", stop));
    count(clients_.container_list("local", stop));
    count(clients_.container_inspect("local", "web-1", stop));
    count(clients_.container_stats("local", "web-1", stop));
    return failed;
  }

 private:
  test::TemporaryDirectory directory_;
  config::PoolConfig options_;
  test::LogCapture log_;
  test::SimulatedEngine engine_;
  std::vector<config::EndpointConfig> endpoints_;
  ThreadGuard guard_{log_.logger()};
  pool::PoolManager pools_;
  docker::ClientManager clients_;
};

constexpr std::size_t every_call = 6;  // but for streams: see streams_test.cpp

}  // namespace

TEST_CASE("consecutive calls acquire and release the same connection") {
  SimulatedScene scene;
  CHECK(scene.call_everything() == 0);
  CHECK(scene.pool().acquired == every_call);
  CHECK(scene.pool().connections_active == 0);
  CHECK(scene.pool().connections_created == 1);
  CHECK(scene.engine().server().counters().connections_accepted == 1);
}

TEST_CASE("a connection is released whatever the outcome of its call") {
  const auto kind = GENERATE(FaultKind::close, FaultKind::garbage, FaultKind::badjson,
                             FaultKind::error500, FaultKind::hang);
  INFO(to_string(kind));
  auto options = unattended();
  if (kind == FaultKind::hang) options.list_timeout = options.call_timeout = 50ms;
  options.tuning.failure_threshold = 1'000;
  SimulatedScene scene(options);
  value_of(scene.clients().ping("local"));
  for (const auto call : {EngineCall::version, EngineCall::info, EngineCall::list,
                          EngineCall::inspect, EngineCall::stats}) {
    scene.engine().set_fault({.kind = kind, .call = call});
  }
  CHECK(scene.call_everything() == every_call - 1);
  CHECK(scene.pool().acquired == 1 + every_call);
  CHECK(scene.pool().connections_active == 0);
  CHECK(scene.clients().ping("local"));
}

TEST_CASE("agreeing on a version needs no second connection") {
  auto options = unattended();
  options.max_connections = 1;
  SimulatedScene scene(options);
  CHECK(value_of(scene.clients().container_list("local")).size() == 3);
  CHECK(scene.pool().acquired == 1);
}

TEST_CASE("a client holds its connection until it is destroyed") {
  SimulatedScene scene;
  {
    auto client = value_of(scene.clients().get_client("local"));
    CHECK(scene.pool().connections_active == 1);
    value_of(client.info());
    value_of(client.version());
    CHECK(scene.pool().connections_active == 1);
  }
  CHECK(scene.pool().connections_active == 0);
  CHECK(scene.pool().acquired == 1);
}

TEST_CASE("a call that gets no connection in time names the call that has it") {
  auto options = unattended();
  options.max_connections = 1;
  options.connection_timeout = 10ms;
  SimulatedScene scene(options);
  const auto held = value_of(scene.clients().get_client("local", {.key = "web-1"}));
  const auto error = error_of(scene.clients().info("local"));
  CHECK(error.code == Errc::pool_timeout);
  CHECK_THAT(error.message, contains("call of web-1") && contains("client_manager_test.cpp"));
  CHECK(scene.clients().stats()[0].calls[static_cast<std::size_t>(Call::info)].requests == 0);
}

TEST_CASE("a caller that waits for a connection can be stopped") {
  auto options = unattended();
  options.max_connections = 1;
  options.connection_timeout = 1h;
  SimulatedScene scene(options);
  const auto held = value_of(scene.clients().get_client("local"));
  std::stop_source stop;
  const std::jthread stopper([&] {
    std::ignore = test::eventually([&] { return scene.pool().pending_requests == 1; });
    stop.request_stop();
  });
  CHECK(error_of(scene.clients().info("local", stop.get_token())).code == Errc::cancelled);
}

TEST_CASE("a call can be stopped while it waits for the Engine, and releases its connection") {
  SimulatedScene scene;
  scene.engine().set_fault({.kind = FaultKind::hang, .call = EngineCall::version});
  std::stop_source stop;
  const std::jthread stopper([&] {
    std::ignore = test::eventually([&] { return scene.engine().calls(EngineCall::version) == 1; });
    stop.request_stop();
  });
  const auto begin = steady_now();
  CHECK(scene.call_everything(stop.get_token()) == every_call - 1);  // all but the first, a ping
  CHECK(steady_now() - begin < 4s);                                  // the limit is 5 s
  CHECK(scene.pool().connections_active == 0);
}

TEST_CASE("a stuck call quarantines its container, and a stuck measurement does not") {
  auto options = unattended();
  options.call_timeout = options.list_timeout = 300ms;
  options.tuning.quarantine_initial = options.tuning.quarantine_max = 1h;
  SimulatedScene scene(options);
  auto& clients = scene.clients();
  value_of(clients.ping("local"));
  scene.engine().set_fault({.kind = FaultKind::hang, .container = "web-1"});
  CHECK(error_of(clients.container_size("local", "web-1")).code == Errc::timeout);
  CHECK(scene.pool().quarantined.empty());
  if (GENERATE(true, false)) {
    CHECK(error_of(clients.container_stats("local", "web-1")).code == Errc::timeout);
  } else {
    CHECK(error_of(clients.container_inspect("local", "web-1")).code == Errc::timeout);
  }
  CHECK(scene.pool().quarantined.size() == 1);
  CHECK(error_of(clients.container_stats("local", "web-1")).code == Errc::quarantined);
  CHECK(error_of(clients.container_inspect("local", "web-1")).code == Errc::quarantined);
  CHECK(error_of(clients.container_size("local", "web-1")).code == Errc::timeout);
}

TEST_CASE("a call about a container that is gone fails with not_found") {
  SimulatedScene scene;
  const auto error = error_of(scene.clients().container_inspect("local", "nobody"));
  CHECK(error.code == Errc::not_found);
  CHECK_THAT(error.message, contains("GET /containers/nobody/json") && contains("nobody"));
}

TEST_CASE("each endpoint has its own API version and counts") {
  const test::TemporaryDirectory directory;
  const auto engine = [](const std::string& api_version) {
    return [=](const auto& /*request*/, Exchange& exchange) {
      exchange.reply(200, {{"Api-Version", api_version}}, "{}");
    };
  };
  const test::HttpServer old_one(directory.file("old"), engine("1.30"));
  const test::HttpServer new_one(directory.file("new"), engine("1.45"));
  const std::vector<config::EndpointConfig> endpoints{
      {.name = "old", .address = {.path = directory.file("old")}},
      {.name = "new", .address = {.path = directory.file("new")}}};
  const auto options = unattended();
  test::LogCapture log;
  ThreadGuard guard(log.logger());
  pool::PoolManager pools(endpoints, options, http::make_curl_transport, log.logger(), guard);
  docker::ClientManager clients(pools, endpoints, options);
  CHECK_FALSE(clients.api_version("new"));

  value_of(clients.info("old"));
  value_of(clients.info("new"));
  value_of(clients.info("new"));
  CHECK(clients.api_version("old") == model::ApiVersion{1, 30});
  CHECK(clients.api_version("new") == model::ApiVersion{1, 45});
  CHECK(new_one.requests("/v1.45/info") == 2);
  const auto stats = clients.stats();
  REQUIRE(stats.size() == 2);
  CHECK(stats[0].endpoint == "old");
  CHECK(stats[0].calls[static_cast<std::size_t>(Call::info)].requests == 1);
  CHECK(stats[1].endpoint == "new");
  CHECK(stats[1].calls[static_cast<std::size_t>(Call::info)].requests == 2);
}

TEST_CASE("the health of an endpoint is its pool's, and a change ends the wait for it") {
  auto options = unattended();
  options.tuning.failure_threshold = 1;
  SimulatedScene scene(options);
  const auto before = scene.clients().health("local");
  REQUIRE(before.up);
  scene.engine().server().stop_listening(test::SocketFile::left);
  scene.engine().server().disconnect_all();
  const std::jthread caller([&] { std::ignore = scene.clients().ping("local"); });
  const auto after =
      scene.clients().wait_for_change("local", before.version, steady_now() + 10s, {});
  CHECK_FALSE(after.up);
  CHECK_FALSE(scene.clients().health("local").up);
  CHECK(error_of(scene.clients().info("local")).code == Errc::engine_down);
}

TEST_CASE("other limits hold for the next call, and endpoints keep their counts") {
  SimulatedScene scene;
  CHECK(scene.call_everything() == 0);
  auto options = unattended();
  options.list_timeout = 50ms;
  scene.clients().reconfigure(options);
  scene.clients().set_endpoints({{.name = "local"}, {.name = "second"}});
  const auto stats = scene.clients().stats();
  REQUIRE(stats.size() == 2);
  CHECK(stats[0].calls[static_cast<std::size_t>(model::Call::container_list)].requests == 1);
  CHECK(stats[1].endpoint == "second");
  scene.engine().set_fault({.kind = FaultKind::hang, .call = EngineCall::list});
  const auto begin = steady_now();
  CHECK_FALSE(scene.clients().container_list("local"));
  CHECK(steady_now() - begin < 5s);
}
