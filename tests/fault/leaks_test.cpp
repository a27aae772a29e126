// What must not be left behind, however long it goes on and in whatever order things end.

#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fault/pool_invariants.h"
#include "support/catch.h"
#include "support/http_server.h"
#include "support/managed_scene.h"
#include "support/nothing_left_behind.h"
#include "support/pool_scene.h"
#include "support/temporary_directory.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::ask;
using test::check_pool_invariants;
using test::error_of;
using test::Exchange;
using test::HttpServer;
using test::ManagedPool;
using test::PoolScene;
using test::Request;
using test::value_of;

namespace {

/// Resident memory of this process.
std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

}  // namespace

TEST_CASE("many leases and calls leave descriptors and memory as they were") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene;
  const auto work = [&](int borrowings, int calls) {
    for (int i = 0; i < borrowings; ++i) {
      const auto connection = value_of(scene.pool().get_connection());
    }
    for (int i = 0; i < calls; ++i) value_of(ask(scene.pool()));
  };
  work(1000, 100);
  const auto descriptors = test::open_descriptors();
  const auto memory = resident_bytes();
  work(200'000, 3000);
  CHECK(test::open_descriptors() == descriptors);
  // The allocator's own, and a sanitizer's: a leak of a hundred bytes each would be twenty.
  CHECK(resident_bytes() < memory + 16UL * 1024 * 1024);
  CHECK(scene.pool().stats().connections_created == 1);
  check_pool_invariants(scene.pool());
}

TEST_CASE("a thousand lost connections leave no descriptor open") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({.tuning = {.failure_threshold = 10'000}},
                  [](const Request&, Exchange& exchange) { exchange.close(); });
  for (int i = 0; i < 10; ++i) CHECK_FALSE(ask(scene.pool()));
  const auto ours = [&] { return test::open_descriptors().size(); };
  REQUIRE(scene.server().await([](const auto& now) { return now.connections_open == 0; }));
  const auto descriptors = ours();
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(ask(scene.pool()));
  REQUIRE(scene.server().await([](const auto& now) { return now.connections_open == 0; }));
  CHECK(ours() <= descriptors);
  CHECK(scene.server().requests("/") == 1010);
  check_pool_invariants(scene.pool());
}

TEST_CASE("an exception in a waiting caller releases every connection") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({.max_connections = 2});
  for (int i = 0; i < 100; ++i) {
    try {
      auto first = value_of(scene.pool().get_connection());
      auto second = value_of(scene.pool().get_connection());
      value_of(second.perform({.target = "/", .limits = test::patient}));
      throw std::runtime_error("the caller has failed");
    } catch (const std::runtime_error&) {
    }
  }
  check_pool_invariants(scene.pool());
  CHECK(scene.pool().stats().connections_created <= 2);
}

TEST_CASE("the pool names the holders of leaked leases, and its waiters time out") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({.max_connections = 2, .leak_threshold = 1ms});
  std::vector<pool::PooledConnection> leaked;
  leaked.push_back(value_of(scene.pool().get_connection({.key = "first"})));
  leaked.push_back(value_of(scene.pool().get_connection({.key = "second"})));
  REQUIRE(test::eventually([&] {
    scene.maintain();
    return scene.pool().stats().leaked_leases == 2;
  }));
  for (int i = 0; i < 100; ++i) scene.maintain();
  CHECK(scene.log().count("held for too long") == 2);
  const auto error = error_of(scene.pool().acquire({}, steady_now() + 5ms));
  CHECK(error.code == Errc::pool_timeout);
  CHECK_THAT(error.message, test::contains("call of first by thread"));
  CHECK_THAT(error.message, test::contains("call of second by thread"));
  leaked.clear();
  CHECK(scene.pool().stats().leaks_recovered == 2);
  CHECK(scene.pool().stats().leaked_leases == 0);
  value_of(ask(scene.pool()));
  check_pool_invariants(scene.pool());
}

TEST_CASE("a lease may outlive its pool and fail after that") {
  const test::NothingLeftBehind nothing_left_behind;
  const test::TemporaryDirectory directory;
  std::optional<HttpServer> server(std::in_place, directory.file("docker.sock"), test::answer);
  test::LogCapture log;
  std::optional<pool::PooledConnection> held;
  {
    ThreadGuard guard(log.logger());
    pool::PoolManager pools({{.name = "local", .address = {.path = directory.file("docker.sock")}}},
                            test::quick(), http::make_curl_transport, log.logger(), guard);
    held = value_of(pools.pool("local").get_connection());
    value_of(held->perform({.target = "/", .limits = test::patient}));
    CHECK(pools.close_all(0ms).size() == 1);
  }
  server.reset();
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(held->perform({.target = "/", .limits = test::patient}));
  }
}

TEST_CASE("a closing pool waits for the leases of many threads") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({.max_connections = 8});
  std::vector<std::jthread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      while (true) {
        const auto answer = ask(scene.pool());
        if (!answer && answer.error().code == Errc::closed) return;
      }
    });
  }
  REQUIRE(test::eventually([&] { return scene.pool().stats().acquired > 100; }));
  CHECK(scene.pool().close(steady_now() + 10s).empty());
  threads.clear();
  CHECK(scene.pool().stats().open_sockets == 0);
  check_pool_invariants(scene.pool());
}
