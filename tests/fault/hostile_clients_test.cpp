// Clients that mean harm, or are broken: none of them keeps a scraper from its page.

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "support/catch.h"
#include "support/log_capture.h"
#include "support/raw_client.h"
#include "support/wait_until.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/web/server.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::RawClient;
using test::value_of;

namespace {

constexpr std::size_t page_bytes = 4'000'000;
constexpr std::size_t piece_bytes = 32'000;

/// As many descriptors as the process may have: the clients are in it as well as the server.
class ManyDescriptors {
 public:
  ManyDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    auto limit = before_;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~ManyDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  ManyDescriptors(const ManyDescriptors&) = delete;
  ManyDescriptors& operator=(const ManyDescriptors&) = delete;

 private:
  rlimit before_{};
};

/// A server with a page as large as that of 200 containers.
class Site {
 public:
  Site()
      : server_(value_of(web::Server::start(
            {.listen_addresses = {"127.0.0.1:0"}}, routes(),
            {.on_closed = [this](web::CloseReason reason) { ++closed_[index_of(reason)]; }},
            guard_))) {}

  [[nodiscard]] std::uint16_t port() const { return server_->ports().front(); }
  [[nodiscard]] std::uint64_t closed(web::CloseReason reason) const {
    return closed_[index_of(reason)];
  }
  [[nodiscard]] web::ServerLoad load() const { return server_->load(); }

  /// Good scrapers, one after the other.
  void check_scrapes() const {
    for (int i = 0; i < 10; ++i) {
      const auto page = get("/metrics");
      REQUIRE(page.status == 200);
      REQUIRE(page.body.size() == page_bytes);
      REQUIRE(get("/-/healthy").status == 200);
    }
  }

 private:
  /// On a busy machine a flood may come between the connection and its request, which is then
  /// hung up on, and pages whose clients do not read give way after a tenth of a second. As HTTP
  /// clients do, it is sent once more.
  [[nodiscard]] RawClient::Reply get(std::string_view target) const {
    RawClient::Reply reply;
    test::wait_until("there is an answer", 20s, [&] {
      try {
        reply = RawClient(port()).get(target);
      } catch (const std::exception&) {
        return false;
      }
      return reply.status != 503;
    });
    return reply;
  }

  static std::size_t index_of(web::CloseReason reason) { return static_cast<std::size_t>(reason); }

  static std::vector<web::Route> routes() {
    return {{.path = "/metrics",
             .handle =
                 [](const web::Request&) {
                   return web::Response{.next_piece = [left = page_bytes]() mutable {
                     static const std::string text(piece_bytes, 'x');
                     const auto piece = std::string_view(text).substr(0, left);
                     left -= piece.size();
                     return piece;
                   }};
                 }},
            {.path = "/-/healthy",
             .handle = [](const web::Request&) { return web::Response{.body = "healthy\n"}; }}};
  }

  ManyDescriptors descriptors_;
  test::LogCapture log_;
  ThreadGuard guard_{log_.logger()};
  std::array<std::atomic<std::uint64_t>, 4> closed_{};
  std::unique_ptr<web::Server> server_;
};

using Clients = std::vector<std::unique_ptr<RawClient>>;

Clients connect(const Site& site, std::size_t count, std::string_view bytes) {
  Clients clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<RawClient>(site.port()));
    clients.back()->send(bytes);
  }
  return clients;
}

constexpr std::string_view half_a_request = "GET /met";
constexpr std::string_view a_scrape = "GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n";

}  // namespace

TEST_CASE("half-sent requests keep no scraper from its page, and the oldest of them go") {
  const Site site;
  const auto clients = connect(site, 2'000, half_a_request);
  site.check_scrapes();
  CHECK(site.closed(web::CloseReason::evicted) >= 2'000 - 256);
  CHECK(site.load().connections <= 256);
  clients.front()->wait_for_close();
}

TEST_CASE(
    "a half-sent request is closed when its time is over, although a byte comes now and then") {
  const Site site;
  RawClient client(site.port());
  client.send(half_a_request);
  test::wait_until("it is closed", 20s, [&] {
    try {
      client.send("x");
    } catch (const std::exception&) {  // it is closed
    }
    return site.closed(web::CloseReason::head_timeout) == 1;
  });
}

TEST_CASE("clients that send half a request and vanish leave nothing behind") {
  const Site site;
  for (int i = 0; i < 500; ++i) RawClient(site.port()).send(half_a_request);
  site.check_scrapes();
  test::wait_until("no connection is left", 10s, [&] { return site.load().connections == 0; });
  CHECK(site.closed(web::CloseReason::head_timeout) == 0);
}

TEST_CASE("idle clients that keep their connection keep no scraper from its page") {
  const Site site;
  Clients idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(std::make_unique<RawClient>(site.port()));
    CHECK(idle.back()->get("/-/healthy").status == 200);
  }
  site.check_scrapes();
  CHECK(idle.back()->get("/-/healthy").status == 200);
}

TEST_CASE("clients that do not read their page keep no scraper from its own") {
  const Site site;
  const auto readers = connect(site, 200, a_scrape);
  site.check_scrapes();
  CHECK(site.load().requests <= 20);
}

TEST_CASE("what is not HTTP keeps no scraper from its page") {
  const Site site;
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same bytes in each run
  for (int i = 0; i < 200; ++i) {
    std::string bytes(1 + random() % 3'000, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    RawClient client(site.port());
    try {
      client.send(bytes);
    } catch (const std::exception&) {  // the server may have hung up already
    }
  }
  const auto tls = connect(site, 20, std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9));
  site.check_scrapes();
}

TEST_CASE("clients that vanish within their page leave nothing behind") {
  const Site site;
  for (int i = 0; i < 200; ++i) {
    RawClient client(site.port());
    client.send(a_scrape);
    if (i % 2 == 0) std::ignore = client.read_head();
  }
  site.check_scrapes();
  test::wait_until("no answer is left", 10s, [&] { return site.load().requests == 0; });
}

TEST_CASE("all of them at once keep no scraper from its page") {
  const Site site;
  const auto halves = connect(site, 500, half_a_request);
  const auto readers = connect(site, 100, a_scrape);
  const auto idle = connect(site, 64, "GET /-/healthy HTTP/1.1\r\nHost: t\r\n\r\n");
  for (int i = 0; i < 200; ++i) RawClient(site.port()).send(half_a_request);
  site.check_scrapes();
}
