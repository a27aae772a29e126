// How often maintenance sends probes, and what counts as an answer.

#include <atomic>
#include <memory>
#include <new>
#include <string>

#include "pool/pool_maintenance.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/managed_scene.h"
#include "support/pool_scene.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/pool/pool_manager.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::error_of;
using test::eventually;
using test::Exchange;
using test::ManagedScene;
using test::Request;
using test::value_of;

namespace {

constexpr Milliseconds interval = 200ms;

config::PoolConfig frequent() {
  auto options = test::quick();
  options.min_connections = 2;
  options.health_check_interval = interval;
  return options;
}

/// Waits for so many pings. Only those that connect the minimum and those of a first suspicion may
/// come sooner than the interval.
void check_pace(ManagedScene& scene, std::uint64_t pings) {
  constexpr std::uint64_t to_begin_with = 5;
  const auto start = steady_now();
  REQUIRE(eventually([&] { return scene.server().requests("/_ping") >= pings; }));
  CHECK(steady_now() - start >= (pings - to_begin_with) * interval * 3 / 4);
  CHECK(scene.pool().health().up);
}

void answer_and_close(Exchange& exchange) {
  exchange.reply(200, {{"Connection", "close"}});
  exchange.close();
}

Result<http::Response> call(ManagedScene& scene) {
  auto connection = scene.pool().get_connection();
  if (!connection) return fail(connection.error());
  return connection->perform({.target = "/", .limits = test::patient});
}

}  // namespace

TEST_CASE("an Engine is probed after three quarters of the interval without an answer") {
  test::PoolScene scene({.min_connections = 0, .health_check_interval = 1h});
  REQUIRE(scene.pool().get_connection().value().perform({.target = "/", .limits = test::patient}));
  scene.maintain(44min);
  CHECK(scene.server().requests("/_ping") == 0);
  scene.maintain(46min);
  CHECK(eventually([&] { return scene.server().requests("/_ping") > 0; }));
}

TEST_CASE("an Engine that sends Connection: close is pinged as often as other Engines") {
  ManagedScene scene(frequent(),
                     [](const auto&, Exchange& exchange) { answer_and_close(exchange); });
  check_pace(scene, 15);
}

TEST_CASE("an Engine that closes each connection without a header is pinged no more often") {
  ManagedScene scene(frequent(), [](const auto&, Exchange& exchange) {
    exchange.reply(200);
    exchange.close();
  });
  check_pace(scene, 15);
}

TEST_CASE("an Engine that keeps connections again gets the minimum again") {
  std::atomic<bool> closes = true;
  ManagedScene scene(frequent(), [&](const auto&, Exchange& exchange) {
    if (!closes) return void(exchange.reply(200));
    answer_and_close(exchange);
  });
  check_pace(scene, 6);
  CHECK(scene.pool().stats().connections_idle == 0);
  closes = false;
  CHECK(eventually([&] { return scene.pool().stats().connections_idle == 2; }));
}

TEST_CASE("a proxy that refuses HEAD is pinged by GET until the next outage") {
  const auto refusal = GENERATE(403, 405, 501);
  std::atomic<int> heads = 0;
  std::atomic<int> gets = 0;
  ManagedScene scene(frequent(), [&](const Request& request, Exchange& exchange) {
    const bool is_head = request.method == "HEAD";
    if (request.target == "/_ping") ++(is_head ? heads : gets);
    exchange.reply(is_head ? refusal : 200);
  });
  REQUIRE(eventually([&] { return gets >= 6; }));
  CHECK(scene.pool().health().up);
  CHECK(scene.pool().stats().probes_failed == 0);
  const int before = heads;
  CHECK(before <= 2);  // one for each connection of the minimum
  scene.kill_engine();
  REQUIRE(scene.goes_down());
  scene.server().listen();
  REQUIRE(scene.comes_up());
  CHECK(heads == before + 1);
}

TEST_CASE("a ping that both methods refuse and a refused /version are answers") {
  ManagedScene scene(frequent(), [&](const Request& request, Exchange& exchange) {
    exchange.reply(request.target == "/" ? 200 : 403);
  });
  REQUIRE(scene.is_warm());
  scene.kill_engine();
  REQUIRE(scene.goes_down());
  scene.server().listen();
  REQUIRE(scene.comes_up());
  CHECK(scene.server().requests("/version") >= 1);
  value_of(call(scene));
}

TEST_CASE("a proxy that answers 503 means that its Engine is down") {
  ManagedScene scene(frequent(), [](const auto&, Exchange& exchange) { exchange.reply(503); });
  REQUIRE(scene.goes_down());
  CHECK_THAT(error_of(call(scene)).message, test::contains("HTTP status 503"));
}

TEST_CASE("a socket that appears brings one probe forward, and the backoff goes on after it") {
  std::atomic<bool> ill = false;
  test::PoolScene scene(
      {.health_check_interval = 1h,
       .tuning = {.failure_threshold = 1, .probe_backoff_initial = 1h, .probe_backoff_max = 1h}},
      [&](const auto&, Exchange& exchange) { exchange.reply(ill ? 503 : 200); });
  scene.server().stop_listening(test::SocketFile::removed);
  CHECK_FALSE(
      scene.pool().get_connection().value().perform({.target = "/", .limits = test::patient}));
  REQUIRE_FALSE(scene.pool().health().up);
  scene.maintain();
  ill = true;
  scene.server().listen();
  REQUIRE(eventually([&] {
    scene.maintain(1s);
    return scene.pool().stats().probes_failed == 1;
  }));
  pool::PollSet poll_set;
  scene.pool().maintain(steady_now() + 1s, poll_set);
  CHECK(poll_set.until > steady_now() + 5s);  // not the next probe
}

// --- a program that has no descriptors -----------------------------------------------------------

namespace {

/// Connections whose socket the system refuses, as with EMFILE.
class Exhausted final : public http::Connection {
 public:
  explicit Exhausted(std::atomic<std::uint64_t>& asked) : asked_(asked) {}
  void begin(const http::Request&) override { ++asked_; }
  std::optional<Result<http::Response>> advance(SteadyTime) override {
    return fail(Errc::system, "no descriptor for a connection");
  }
  [[nodiscard]] SteadyTime next_limit() const override { return SteadyTime::max(); }
  void wait(SteadyTime) override {}
  Result<http::Response> open_stream(const http::Request&, const std::stop_token&) override {
    return fail(Errc::system, "no descriptor for a connection");
  }
  Result<std::size_t> read(std::span<char>, SteadyTime, const std::stop_token&) override {
    return fail(Errc::closed, "no stream");
  }
  void abort(Errc) noexcept override {}
  void interrupt(Errc) noexcept override {}
  void close() noexcept override {}
  [[nodiscard]] bool alive() const noexcept override { return false; }
  [[nodiscard]] int fd() const noexcept override { return -1; }
  [[nodiscard]] const http::Transfer& last_transfer() const noexcept override { return transfer_; }

 private:
  std::atomic<std::uint64_t>& asked_;
  http::Transfer transfer_;
};

class ExhaustedTransport final : public http::Transport {
 public:
  explicit ExhaustedTransport(std::atomic<std::uint64_t>& asked) : asked_(asked) {}
  std::unique_ptr<http::Connection> make() override { return std::make_unique<Exhausted>(asked_); }
  [[nodiscard]] std::uint32_t open_sockets() const noexcept override { return 0; }

 private:
  std::atomic<std::uint64_t>& asked_;
};

}  // namespace

TEST_CASE("a lack of descriptors makes probes no more frequent, and the Engine stays up") {
  std::atomic<std::uint64_t> asked = 0;
  test::LogCapture log;
  ThreadGuard guard(log.logger());
  pool::PoolManager pools(
      {{.name = "local"}}, frequent(),
      [&](const auto&, const auto&) { return std::make_unique<ExhaustedTransport>(asked); },
      log.logger(), guard);
  const auto start = steady_now();
  REQUIRE(eventually([&] { return asked >= 8; }));
  CHECK(steady_now() - start >= 5 * interval * 3 / 4);
  CHECK(pools.pool("local").health().up);
}

TEST_CASE("maintenance that runs out of memory goes on and loses no slot") {
  class Forgetful final : public http::Transport {
   public:
    explicit Forgetful(const std::string& path) : transport_({.path = path}) {}
    std::unique_ptr<http::Connection> make() override {
      if (++made_ <= 2) throw std::bad_alloc();
      return transport_.make();
    }
    [[nodiscard]] std::uint32_t open_sockets() const noexcept override {
      return transport_.open_sockets();
    }

   private:
    http::CurlTransport transport_;
    std::atomic<int> made_ = 0;
  };
  const test::TemporaryDirectory directory;
  const auto path = directory.file("docker.sock");
  const test::HttpServer server(path, test::answer);
  test::LogCapture log;
  ThreadGuard guard(log.logger());
  pool::PoolManager pools(
      {{.name = "local", .address = {.path = path}}}, frequent(),
      [&](const auto&, const auto&) { return std::make_unique<Forgetful>(path); }, log.logger(),
      guard);
  auto& pool = pools.pool("local");
  REQUIRE(eventually([&] { return pool.stats().connections_idle == 2; }));
  CHECK(guard.failures().at("maintenance") == 2);
  CHECK(eventually([&] { return pool.stats().connections_connecting == 0; }));
}
