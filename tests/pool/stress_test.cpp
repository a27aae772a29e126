// Random actions from many threads at the same time, for ThreadSanitizer. STRESS_TEST_DURATION sets
// the duration in milliseconds.

#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/pool/pool_manager.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::Exchange;

namespace {

Milliseconds duration() {
  const char* const text = std::getenv("STRESS_TEST_DURATION");
  return Milliseconds{text != nullptr ? std::atoi(text) : 500};
}

/// Counts the calls that were answered.
void act_at_random(pool::ConnectionPool& pool, std::uint32_t seed, SteadyTime end,
                   std::atomic<std::uint64_t>& answered) {
  std::minstd_rand random(seed);
  while (steady_now() < end) {
    std::stop_source stop;
    if (random() % 20 == 0) stop.request_stop();
    const auto patience = std::chrono::microseconds(random() % 3000);
    if (random() % 10 == 0) {
      auto stream = pool.open_stream({.target = "/stream", .limits = {.total = 50ms}},
                                     {.call_class = model::CallClass::stream});
      std::array<char, 16> piece{};
      if (stream && random() % 2 == 0) std::ignore = stream->read(piece, steady_now() + 2ms);
      continue;
    }
    auto lease = pool.acquire({}, steady_now() + patience, stop.get_token());
    if (!lease) continue;
    const auto moved = std::move(*lease);
    if (random() % 4 == 0) continue;
    auto used = pool.acquire({}, steady_now() + 1ms);  // a second one, perhaps
    if (used && used->perform({.target = "/", .limits = {.total = 50ms}})) ++answered;
  }
}

}  // namespace

TEST_CASE("many threads at once lose no slot and no waiter") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("docker.sock");
  std::atomic<std::uint32_t> asked = 0;
  test::HttpServer server(path, [&](const test::Request& request, Exchange& exchange) {
    const auto number = ++asked;
    if (request.target == "/stream") {
      exchange.begin_chunks(200);
      exchange.chunk("x");
      exchange.end_chunks();
    } else if (number % 50 == 0) {
      exchange.close();
    } else if (number % 70 == 0) {
      exchange.hang();
    } else {
      exchange.reply(200);
    }
  });
  test::LogCapture log;
  ThreadGuard guard(log.logger());
  pool::PoolManager pools(
      {{.name = "local", .address = {.path = path}}},
      {.max_connections = 4,
       .min_connections = 2,
       .max_streams = 2,
       .health_check_interval = 10ms,
       .probe_timeout = 50ms,
       .tuning = {.max_waiters = 4, .probe_backoff_initial = 1ms, .probe_backoff_max = 5ms}},
      http::make_curl_transport, log.logger(), guard);
  auto& pool = pools.pool("local");
  std::atomic<std::uint64_t> answered = 0;
  const auto end = steady_now() + duration();
  {
    std::vector<std::jthread> threads;
    for (std::uint32_t seed = 1; seed <= 12; ++seed) {
      threads.emplace_back(
          [&pool, &answered, seed, end] { act_at_random(pool, seed, end, answered); });
    }
    while (steady_now() < end) {
      // Often enough to break calls, and not so often that no call succeeds.
      const auto enough = answered + 5;
      std::ignore = test::eventually(
          [&] {
            std::ignore = pool.stats();
            std::ignore = pool.slots();
            return answered >= enough;
          },
          100ms);
      server.disconnect_all();
    }
  }
  CHECK(pools.close_all(1s).empty());
  const auto stats = pool.stats();
  CHECK(stats.connections_active == 0);
  CHECK(stats.connections_stream == 0);
  CHECK(stats.pending_requests == 0);
  CHECK(answered > 0);
  std::uint64_t closed = 0;
  for (const auto count : stats.connections_closed) closed += count;
  CHECK(stats.connections_created == closed + stats.open_sockets);
}
