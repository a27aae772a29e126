// Engines that freeze, flap, restart or stay away.

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "fault/pool_invariants.h"
#include "support/catch.h"
#include "support/child_process.h"
#include "support/http_server.h"
#include "support/managed_scene.h"
#include "support/nothing_left_behind.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::ask;
using test::check_pool_invariants;
using test::error_of;
using test::eventually;
using test::Exchange;
using test::ManagedPool;
using test::ManagedScene;
using test::quick;
using test::Request;
using test::value_of;

namespace {

/// The most requests of a kind that were in flight at the same time.
class Peak {
 public:
  /// Before the answer, which allows the next; for a while, so that one beside it is seen.
  void pass(Exchange& exchange) {
    const auto now = ++current_;
    auto seen = peak_.load();
    while (now > seen && !peak_.compare_exchange_weak(seen, now)) {
    }
    exchange.wait(2ms);
    --current_;
  }
  [[nodiscard]] int value() const { return peak_; }

 private:
  std::atomic<int> current_ = 0;
  std::atomic<int> peak_ = 0;
};

}  // namespace

TEST_CASE("an Engine that flaps fifty times costs two log lines and one probe at a time") {
  constexpr std::size_t flaps = 50;
  const test::NothingLeftBehind nothing_left_behind;
  Peak pings;
  ManagedScene scene(quick(), [&](const Request& request, Exchange& exchange) {
    if (request.target == "/_ping") pings.pass(exchange);
    exchange.reply(200);
  });
  for (std::size_t flap = 0; flap < flaps; ++flap) {
    REQUIRE(scene.comes_up());
    REQUIRE(scene.is_warm());
    value_of(ask(scene.pool()));
    scene.kill_engine();
    REQUIRE(scene.goes_down());
    scene.server().listen();
  }
  REQUIRE(scene.comes_up());
  CHECK(pings.value() == 1);
  CHECK(scene.pool().health().version == 2 * flaps);
  // The log suppresses what it has said too often.
  CHECK(scene.log().count("engine is down") >= 1);
  CHECK(scene.log().count("") <= 2 * flaps + 2);
  CHECK(scene.server().requests("/") == flaps);
  check_pool_invariants(scene.pool());
}

TEST_CASE("a long outage costs one log line and ever fewer probes") {
  const test::NothingLeftBehind nothing_left_behind;
  auto options = quick();
  options.tuning.probe_backoff_initial = 50ms;
  options.tuning.probe_backoff_max = 400ms;
  ManagedScene scene(options);
  REQUIRE(scene.is_warm());
  scene.kill_engine();
  REQUIRE(scene.goes_down());
  const auto accepted = scene.server().counters().connections_accepted;
  const auto went_down = steady_now();
  const auto probes = scene.pool().stats().probes_failed;
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  const auto health = scene.pool().health();
  std::ignore = scene.pool().wait_for_change(health.version, went_down + 2s, {});
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  const auto asked = scene.pool().stats().probes_failed - probes;
  const auto elapsed = steady_now() - went_down;
  CHECK_FALSE(scene.pool().health().up);
  CHECK(asked >= 2);
  CHECK(asked <= static_cast<std::uint64_t>(elapsed / 40ms) / 4 + 4);  // a fifth early at most
  CHECK(after.ru_utime.tv_sec - before.ru_utime.tv_sec <= 1);

  for (int i = 0; i < 1000; ++i) CHECK(error_of(ask(scene.pool())).code == Errc::engine_down);
  CHECK(scene.log().count("level=warn") == 1);
  CHECK(scene.log().count("") <= 2);
  CHECK(scene.server().counters().connections_accepted == accepted);
  check_pool_invariants(scene.pool());
}

TEST_CASE("a restart under a hundred callers and a stream answers all of them without a burst") {
  constexpr std::size_t callers = 100;
  const test::NothingLeftBehind nothing_left_behind;
  auto options = quick();
  options.max_connections = 8;
  options.tuning.max_waiters = callers;
  Peak pings;
  ManagedScene scene(options, [&](const Request& request, Exchange& exchange) {
    if (request.target == "/events") {
      exchange.begin_chunks(200);
      return exchange.hang();
    }
    if (request.target == "/_ping") pings.pass(exchange);
    exchange.reply(200);
  });
  REQUIRE(scene.is_warm());
  auto stream = value_of(scene.pool().open_stream({.target = "/events", .limits = {}},
                                                  {.call_class = model::CallClass::stream}));
  scene.kill_engine();
  REQUIRE(scene.goes_down());
  std::array<char, 16> piece{};
  auto ended = error_of(stream.read(piece, steady_now() + 10s));
  if (ended.code == Errc::engine_down) ended = error_of(stream.read(piece, steady_now() + 10s));
  CHECK(ended.code == Errc::connection_lost);
  CHECK(scene.pool().stats().connections_stream == 0);

  const auto accepted = scene.server().counters().connections_accepted;
  std::atomic<std::size_t> answered = 0;
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < callers; ++i) {
    threads.emplace_back([&] {
      auto health = scene.pool().health();
      while (!ask(scene.pool(), "/call")) {
        health = scene.pool().wait_for_change(health.version, steady_now() + 100ms, {});
      }
      ++answered;
    });
  }
  scene.server().listen();
  const auto listened = steady_now();
  REQUIRE(scene.comes_up());
  CHECK(steady_now() - listened < 5s);
  threads.clear();
  CHECK(answered == callers);
  CHECK(scene.server().requests("/call") == callers);
  CHECK(scene.server().counters().connections_accepted - accepted <= options.max_connections + 3);
  CHECK(pings.value() == 1);
  CHECK(scene.pool().stats().connections_peak <= options.max_connections);
  check_pool_invariants(scene.pool());
}

TEST_CASE("a probe whose real call hangs leaves the Engine down, and the next probe follows") {
  const test::NothingLeftBehind nothing_left_behind;
  auto options = quick();
  options.call_timeout = 500ms;
  std::atomic<bool> hangs = false;
  ManagedScene scene(options, [&](const Request& request, Exchange& exchange) {
    if (hangs && request.target == "/version") return exchange.hang();
    exchange.reply(200);
  });
  REQUIRE(scene.is_warm());
  hangs = true;
  scene.kill_engine();
  REQUIRE(scene.goes_down());
  scene.server().listen();
  REQUIRE(eventually([&] { return scene.server().requests("/version") >= 3; }));
  CHECK_FALSE(scene.pool().health().up);
  CHECK(scene.pool().stats().open_sockets <= 1);
  CHECK(error_of(ask(scene.pool(), "/never")).code == Errc::engine_down);
  hangs = false;
  REQUIRE(scene.comes_up());
  CHECK(scene.server().requests("/never") == 0);
  CHECK(scene.log().count("engine is down") == 1);
  check_pool_invariants(scene.pool());
}

TEST_CASE("an outage ends every hanging call, and each was sent once") {
  constexpr std::uint64_t callers = 8;
  const test::NothingLeftBehind nothing_left_behind;
  ManagedScene scene(quick(), [](const Request& request, Exchange& exchange) {
    if (request.target == "/stuck") return exchange.hang();
    exchange.reply(200);
  });
  REQUIRE(scene.is_warm());
  std::atomic<std::uint64_t> given_up = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < callers; ++i) {
      threads.emplace_back([&] {
        const auto answer = ask(scene.pool(), "/stuck");
        if (!answer && answer.error().code == Errc::engine_down) ++given_up;
      });
    }
    REQUIRE(scene.server().await([](const auto& now) {
      return now.requests_by_target.contains("/stuck") &&
             now.requests_by_target.at("/stuck") == callers;
    }));
    scene.server().freeze();
  }
  CHECK(given_up == callers);
  CHECK(scene.server().requests("/stuck") == callers);
  scene.server().thaw();
  REQUIRE(scene.comes_up());
  check_pool_invariants(scene.pool());
}

// --- an Engine in a process of its own
// -------------------------------------------------------------

namespace {

class EngineProcess {
 public:
  explicit EngineProcess(const std::string& socket)
      : process_({TIDEGAUGE_SIMULATED_ENGINE, "--socket", socket, "--events-per-second", "0"}) {
    if (!eventually([&] { return process_.output().contains("containers at"); })) {
      FAIL("no simulated Engine: " << process_.errors());
    }
  }
  /// Once it answers nothing any more.
  void stop() {
    process_.signal(SIGSTOP);
    REQUIRE(eventually([&] {
      std::ifstream file("/proc/" + std::to_string(process_.pid()) + "/stat");
      const std::string stat(std::istreambuf_iterator<char>(file), {});
      return stat.contains(") T ");
    }));
  }
  void go_on() { process_.signal(SIGCONT); }

 private:
  test::ChildProcess process_;
};

}  // namespace

TEST_CASE("an Engine that stops for less than the limits of a call costs nothing") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  EngineProcess engine(directory.file("docker.sock"));
  auto options = quick();
  options.probe_timeout = 20s;
  ManagedPool scene(directory.file("docker.sock"), options);
  REQUIRE(scene.is_warm());
  value_of(ask(scene.pool(), "/version"));
  engine.stop();
  {
    const std::jthread caller([&] { CHECK(ask(scene.pool(), "/version")); });
    CHECK(eventually([&] { return scene.pool().stats().connections_active == 1; }));
    engine.go_on();
  }
  CHECK(scene.pool().health().up);
  CHECK(scene.pool().stats().stale_retries == 0);
  CHECK(scene.log().count("level=warn") == 0);
  check_pool_invariants(scene.pool());
}

TEST_CASE("an Engine that stays stopped is down until it goes on") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  EngineProcess engine(directory.file("docker.sock"));
  ManagedPool scene(directory.file("docker.sock"), quick());
  REQUIRE(scene.is_warm());
  engine.stop();
  REQUIRE(scene.goes_down());
  CHECK(error_of(ask(scene.pool(), "/version")).code == Errc::engine_down);
  engine.go_on();
  REQUIRE(scene.comes_up());
  value_of(ask(scene.pool(), "/version"));
  CHECK(scene.log().count("engine is down") == 1);
  check_pool_invariants(scene.pool());
}
