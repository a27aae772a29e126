// Calls that do not end, and more callers than the machine or the pool can serve.

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fault/pool_invariants.h"
#include "support/catch.h"
#include "support/http_server.h"
#include "support/nothing_left_behind.h"
#include "support/pool_scene.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::AcquireFailure;
using model::CloseReason;
using test::ask;
using test::check_pool_invariants;
using test::error_of;
using test::Exchange;
using test::index_of;
using test::PoolScene;
using test::Request;
using test::value_of;

TEST_CASE("calls to a silent server end at their limits, and waiters get their connections") {
  constexpr int slots = 4;
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({.max_connections = slots, .connection_timeout = 20s},
                  [](const Request& request, Exchange& exchange) {
                    if (request.target == "/stuck") return exchange.hang();
                    exchange.reply(200);
                  });
  std::atomic<int> stuck = 0;
  std::atomic<int> served = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < slots; ++i) {
      threads.emplace_back([&] {
        const auto answer = ask(scene.pool(), "/stuck", {.total = 1s});
        if (!answer && answer.error().code == Errc::timeout) ++stuck;
      });
    }
    REQUIRE(scene.server().await([](const auto& now) { return now.requests == slots; }));
    for (int i = 0; i < 2 * slots; ++i) {
      threads.emplace_back([&] {
        if (ask(scene.pool(), "/waits")) ++served;
      });
    }
  }
  CHECK(stuck == slots);
  CHECK(served == 2 * slots);
  CHECK(scene.server().requests("/stuck") == slots);
  CHECK(scene.pool().stats().connections_closed[index_of(CloseReason::stuck)] == slots);
  check_pool_invariants(scene.pool());
}

TEST_CASE("a dripping answer ends at the limit, in the head and in the body") {
  const test::NothingLeftBehind nothing_left_behind;
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
  PoolScene scene({}, [&](const Request& request, Exchange& exchange) {
    if (request.target == "/good") return void(exchange.reply(200, {}, "good"));
    const auto at_once = request.target == "/body" ? head : std::string();
    exchange.raw(at_once);
    for (const char byte : (head + std::string(10'000, 'x')).substr(at_once.size())) {
      if (!exchange.raw({&byte, 1}) || !exchange.wait(50ms)) return;
    }
  });
  const auto* const target = GENERATE("/head", "/body");
  const auto began = steady_now();
  const auto error = error_of(ask(scene.pool(), target, {.stall = 20s, .total = 1s}));
  CHECK(error.code == Errc::timeout);
  CHECK(steady_now() - began < 10s);
  CHECK(scene.server().requests(target) == 1);
  CHECK(scene.pool().stats().connections_closed[index_of(CloseReason::stuck)] == 1);
  CHECK(value_of(ask(scene.pool(), "/good")).body == "good");
  check_pool_invariants(scene.pool());
}

TEST_CASE("closing the pool ends a call without limits, and it was sent once") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({}, [](const Request&, Exchange& exchange) { exchange.hang(); });
  {
    const std::jthread caller(
        [&] { CHECK(error_of(ask(scene.pool(), "/stuck", {})).code == Errc::closed); });
    REQUIRE(scene.server().await([](const auto& now) { return now.requests == 1; }));
    CHECK(scene.pool().close(steady_now()).empty());
  }
  CHECK(scene.server().requests("/stuck") == 1);
  check_pool_invariants(scene.pool());
}

TEST_CASE("a caller that has stopped already opens no socket and sends nothing") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene;
  std::stop_source stop;
  stop.request_stop();
  auto connection = value_of(scene.pool().get_connection());
  const http::Request request{.target = "/unwanted", .limits = test::patient};
  const bool used_before = GENERATE(false, true);
  if (used_before) value_of(connection.perform({.target = "/before", .limits = test::patient}));
  CHECK(error_of(connection.perform(request, stop.get_token())).code == Errc::cancelled);
  // Accepted after whatever was opened for it.
  value_of(connection.perform({.target = "/after", .limits = test::patient}));
  CHECK(scene.server().requests("/unwanted") == 0);
  CHECK(scene.server().counters().connections_accepted == 1);
}

TEST_CASE("none of 64 threads on two connections waits past its deadline or is lost") {
  constexpr int callers = 64;
  constexpr auto patience = 100ms;
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({.max_connections = 2, .tuning = {.max_waiters = callers}});
  std::atomic<std::uint64_t> served = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::atomic<SteadyTime::duration> latest = SteadyTime::duration{};
  const auto end = steady_now() + 1s;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < callers; ++i) {
      threads.emplace_back([&] {
        while (steady_now() < end) {
          const auto deadline = steady_now() + patience;
          auto connection = scene.pool().acquire({}, deadline);
          const auto late = steady_now() - deadline;
          auto seen = latest.load();
          while (late > seen && !latest.compare_exchange_weak(seen, late)) {
          }
          if (!connection) {
            ++refused;
          } else if (connection->perform({.target = "/", .limits = test::patient})) {
            ++served;
          }
        }
      });
    }
  }
  const auto stats = scene.pool().stats();
  CHECK(latest.load() < 1s);
  CHECK(served > 0);
  CHECK(stats.acquired == served);
  CHECK(stats.acquire_failures[index_of(AcquireFailure::timeout)] == refused);
  CHECK(scene.server().requests("/") == served);
  CHECK(stats.connections_peak <= 2);
  check_pool_invariants(scene.pool());
}
