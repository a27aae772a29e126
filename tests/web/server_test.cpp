#include "tidegauge/web/server.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/log_capture.h"
#include "support/raw_client.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/util/time.h"

using namespace tidegauge;
using test::contains;
using test::error_of;
using test::RawClient;
using test::value_of;
using namespace std::chrono_literals;

namespace {

web::Response text(std::string body) {
  return {.status = 200, .body = std::move(body)};
}

std::vector<web::Route> example_routes() {
  return {{"/metrics",
           [](const web::Request&) {
             return web::Response{.content_type = "text/plain; version=0.0.4", .body = "up 1\n"};
           }},
          {"/accept",
           [](const web::Request& request) {
             return text(std::string(request.accept) + "|" + std::string(request.accept_encoding));
           }},
          {"/unwell", [](const web::Request&) { return web::Response{.status = 503, .body = ""}; }},
          {"/throws",
           [](const web::Request&) -> web::Response { throw std::runtime_error("out of ink"); }}};
}

/// The border of a server's thread, and its log.
struct Border {
  test::LogCapture log;
  ThreadGuard guard{log.logger()};
};

/// A server with all that it needs.
class Serving {
 public:
  Serving(const web::ServerOptions& options, std::vector<web::Route> routes)
      : server_(value_of(web::Server::start(options, std::move(routes), border_->guard))) {}

  web::Server* operator->() const { return server_.get(); }
  void reset() { server_.reset(); }
  [[nodiscard]] const test::LogCapture& log() const { return border_->log; }
  [[nodiscard]] std::uint64_t failures() const {
    const auto failures = border_->guard.failures();
    return failures.contains("web") ? failures.at("web") : 0;
  }

 private:
  std::unique_ptr<Border> border_ = std::make_unique<Border>();
  std::unique_ptr<web::Server> server_;
};

Serving serve(const std::string& address = "127.0.0.1:0",
              std::vector<web::Route> routes = example_routes()) {
  return {{.listen_address = address}, std::move(routes)};
}

/// Under "/", an answer in the pieces that a copy of `next_piece` gives.
template <class Pieces>
Serving serve_pieces(Pieces next_piece) {
  return serve("127.0.0.1:0", {{"/", [next_piece](const web::Request&) {
                                  return web::Response{.next_piece = next_piece};
                                }}});
}

std::string start_error(const std::string& address) {
  Border border;
  return error_of(web::Server::start({.listen_address = address}, {}, border.guard)).message;
}

}  // namespace

TEST_CASE("a route answers with its status, its type and its body") {
  const auto server = serve();
  RawClient client(server->port());
  const auto answer = client.get("/metrics");
  CHECK(answer.status == 200);
  CHECK(answer.body == "up 1\n");
  CHECK_THAT(answer.head, contains("Content-Type: text/plain; version=0.0.4\r\n"));
  CHECK(client.get("/unwell").status == 503);
}

TEST_CASE("the query does not matter for the route") {
  const auto server = serve();
  CHECK(RawClient(server->port()).get("/metrics?a=b&c").body == "up 1\n");
}

TEST_CASE("a handler sees what the client accepts") {
  const auto server = serve();
  RawClient client(server->port());
  client.send(
      "GET /accept HTTP/1.1\r\nHost: t\r\naccept: text/html\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(client.read_reply().body == "text/html|gzip");
  CHECK(client.get("/accept").body == "|");
}

TEST_CASE("HEAD is answered with the length of the body, without the body") {
  const auto server = serve();
  RawClient client(server->port());
  client.ask("HEAD", "/metrics");
  CHECK_THAT(client.read_head(), contains(" 200 OK\r\n") && contains("Content-Length: 5\r\n"));
  CHECK(client.get("/accept").body == "|");  // the next answer follows at once
}

TEST_CASE("an unknown path is answered with the paths there are") {
  const auto server = serve();
  const auto answer = RawClient(server->port()).get("/metrics/");
  CHECK(answer.status == 404);
  CHECK(answer.body == "not found; there is:\n/metrics\n/accept\n/unwell\n/throws\n");
}

TEST_CASE("only GET and HEAD are allowed, of any path") {
  const auto server = serve();
  const auto method = GENERATE(as<std::string>{}, "POST", "PUT", "DELETE", "OPTIONS", "BREW");
  for (const auto* path : {"/metrics", "/unknown"}) {
    RawClient client(server->port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc");
    const auto answer = client.read_reply();
    CHECK(answer.status == 405);
    CHECK_THAT(answer.head, contains("Allow: GET, HEAD\r\n"));
  }
}

TEST_CASE(
    "a handler that throws is a 500 whose reason is in the log alone, and the next is served") {
  const auto server = serve();
  RawClient client(server->port());
  const auto answer = client.get("/throws");
  CHECK(answer.status == 500);
  CHECK(answer.body == "internal error\n");
  CHECK(server.log().count("thread=web reason=\"out of ink\"") == 1);
  CHECK(server.failures() == 1);
  CHECK(client.get("/metrics").status == 200);
}

TEST_CASE("a connection is kept alive over many requests, with bodies too") {
  const auto server = serve();
  RawClient client(server->port());
  for (int i = 0; i < 100; ++i) {
    client.send("GET /metrics HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody");
    REQUIRE(client.read_reply().body == "up 1\n");
  }
  CHECK_FALSE(client.has_unread_bytes());
}

TEST_CASE("what is not HTTP is refused, and others are served meanwhile") {
  const auto server = serve();
  RawClient slow(server->port());
  slow.send("GET /met");
  RawClient garbage(server->port());
  garbage.send("\x16\x03\x01\r\n\r\n");
  garbage.wait_for_close();
  CHECK(RawClient(server->port()).get("/metrics").status == 200);
  slow.send("rics HTTP/1.1\r\nHost: t\r\n\r\n");
  CHECK(slow.read_reply().body == "up 1\n");
}

TEST_CASE("many clients at the same time each get their whole page") {
  const std::string page(1'000'000, 'x');
  const auto server =
      serve("127.0.0.1:0", {{"/", [&](const web::Request&) { return text(page); }}});
  std::atomic<int> whole = 0;
  {
    std::vector<std::jthread> clients;
    clients.reserve(8);
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        RawClient client(server->port());
        for (int request = 0; request < 5; ++request) {
          if (client.get("/").body == page) ++whole;
        }
      });
    }
  }
  CHECK(whole == 40);
}

TEST_CASE("an answer in pieces arrives whole, whatever their sizes") {
  const std::vector<std::string> pieces{"a", std::string(300'000, 'b'), std::string(17, 'c')};
  const auto server = serve_pieces([&, next = std::size_t{0}]() mutable {
    return next < pieces.size() ? std::string_view(pieces[next++]) : std::string_view();
  });
  RawClient client(server->port());
  for (int request = 0; request < 3; ++request) {
    const auto answer = client.get("/");
    CHECK(answer.status == 200);
    CHECK(answer.body == pieces[0] + pieces[1] + pieces[2]);
  }
  client.send("GET / HTTP/1.0\r\n\r\n");
  const auto head = client.read_head();
  CHECK_THAT(head, !contains("chunked") && !contains("Content-Length"));
  std::string body;
  while (auto more = client.read_some()) body += *more;
  CHECK(body == pieces[0] + pieces[1] + pieces[2]);
}

TEST_CASE("HEAD is answered with the length of all pieces, without them") {
  const auto server = serve_pieces(
      [left = 3]() mutable -> std::string_view { return left-- == 0 ? "" : "up 1\n"; });
  RawClient client(server->port());
  client.ask("HEAD", "/");
  CHECK_THAT(client.read_head(), contains(" 200 OK\r\n") && contains("Content-Length: 15\r\n"));
  CHECK(client.get("/none").status == 404);  // the next answer follows at once
}

TEST_CASE("a piece that throws cuts the answer, which the client can tell from its end") {
  const auto server = serve_pieces([first = true]() mutable -> std::string_view {
    if (!std::exchange(first, false)) throw std::runtime_error("out of ink");
    return "up ";
  });
  RawClient client(server->port());
  client.ask("GET", "/");
  std::ignore = client.read_head();
  CHECK(client.read_chunk() == "up ");
  CHECK_FALSE(client.read_some());
  CHECK(server.failures() == 1);
  CHECK(RawClient(server->port()).get("/none").status == 404);
}

TEST_CASE("pieces wait for a client that does not read, and end with it") {
  std::atomic<std::size_t> asked = 0;
  const std::string piece(1'000'000, 'x');
  const auto alive = std::make_shared<int>(0);
  auto server = serve_pieces([&, alive] {
    ++asked;
    return std::string_view(piece);
  });
  auto client = std::make_unique<RawClient>(server->port());
  client->ask("GET", "/");
  std::ignore = client->read_head();
  RawClient other(server->port());
  for (int i = 0; i < 100; ++i) CHECK(other.get("/none").status == 404);
  CHECK(asked < 50);  // no more than what the sockets hold
  const auto ends_with = GENERATE("the client", "the server");
  if (ends_with == std::string("the client")) {
    client.reset();
    test::wait_until("the pieces are given back", 10s, [&] { return alive.use_count() == 2; });
  } else {
    server.reset();
    CHECK(alive.use_count() == 1);
  }
}

TEST_CASE("a client beyond the limit waits until another one has gone") {
  const Serving server({.listen_address = "127.0.0.1:0", .max_connections = 1}, example_routes());
  RawClient waiting = [&] {
    RawClient first(server->port());
    CHECK(first.get("/metrics").status == 200);
    RawClient second(server->port());
    second.ask("GET", "/metrics");
    CHECK(first.get("/metrics").status == 200);
    CHECK_FALSE(second.has_unread_bytes());
    return second;
  }();
  CHECK(waiting.read_reply().status == 200);
}

TEST_CASE("[::] and a bare port take IPv4 and IPv6") {
  const auto* const address = GENERATE("[::]:0", ":0");
  const auto server = serve(address);
  CHECK(RawClient(server->port()).get("/metrics").status == 200);
  CHECK(RawClient(server->port(), "::1").get("/metrics").status == 200);
}

TEST_CASE("a name is listened on, and an IPv6 address alone") {
  CHECK(serve("localhost:0")->port() != 0);
  const auto server = serve("[::1]:0");
  CHECK(RawClient(server->port(), "::1").get("/metrics").status == 200);
  CHECK_THROWS(RawClient(server->port()));
}

TEST_CASE("a Unix socket is listened on and removed afterwards") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("web.sock");
  {
    const auto server = serve("unix://" + path);
    CHECK(server->port() == 0);
    CHECK(RawClient(path).get("/metrics").body == "up 1\n");
    CHECK_THAT(start_error("unix://" + path), contains("another program listens there"));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a file in the place of the Unix socket is never removed") {
  const test::TemporaryDirectory directory;
  const auto path = directory.write("precious", "data");
  CHECK_THAT(start_error("unix://" + path), contains("Address already in use"));
  CHECK(test::read_file(path) == "data");
}

TEST_CASE("the socket that a killed program has left behind is replaced") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("web.sock");
  const auto hidden = directory.file("kept");
  {
    const auto server = serve("unix://" + path);
    std::filesystem::rename(path, hidden);  // so that it is not removed
  }
  std::filesystem::rename(hidden, path);
  const auto server = serve("unix://" + path);
  CHECK(RawClient(path).get("/metrics").status == 200);
}

TEST_CASE("a port in use is told with the address and the remedy") {
  const auto server = serve();
  const auto address = "127.0.0.1:" + std::to_string(server->port());
  Border border;
  const auto error = error_of(web::Server::start({.listen_address = address}, {}, border.guard));
  CHECK(error.code == Errc::system);
  CHECK(error.message == "cannot listen on web.listen_address \"" + address +
                             "\": Address already in use; another program listens there: stop it "
                             "or choose another port");
}

TEST_CASE("the port is free again once the server has gone, connections or not") {
  auto server = serve();
  const auto address = "127.0.0.1:" + std::to_string(server->port());
  RawClient client(server->port());
  REQUIRE(client.get("/metrics").status == 200);
  server.reset();
  CHECK(serve(address)->port() != 0);
}

TEST_CASE("an address that is not this machine's is told with the remedy") {
  CHECK_THAT(start_error("192.0.2.1:0"), contains("192.0.2.1:0") &&
                                             contains("this machine has no such address") &&
                                             contains("web.listen_address"));
}

TEST_CASE("a name that nobody knows is told") {
  CHECK_THAT(start_error("no-such-host.invalid:0"),
             contains("\"no-such-host.invalid\"") && contains("use an IP address"));
}

TEST_CASE("what is not an address is told with what is allowed") {
  const auto* const address =
      GENERATE("", "9717", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536",
               "127.0.0.1:-1", "::1:9717", "[::1:9717", "unix://relative");
  Border border;
  const auto error = error_of(web::Server::start({.listen_address = address}, {}, border.guard));
  CHECK(error.code == Errc::invalid_config);
  CHECK_THAT(error.message,
             contains("\"" + std::string(address) + "\"") && contains("allowed: 127.0.0.1:9717"));
}

TEST_CASE("a server goes at once, whatever its clients hold open") {
  std::string page;
  page.resize(16'000'000, 'x');  // more than the kernel buffers
  auto server = serve("127.0.0.1:0", {{"/", [&](const web::Request&) { return text(page); }}});
  const RawClient silent(server->port());
  RawClient half(server->port());
  half.send("GET / HT");
  RawClient unread(server->port());
  unread.ask("HEAD", "/");
  REQUIRE_THAT(unread.read_head(), contains(" 200 OK\r\n"));
  unread.ask("GET", "/");  // and never reads it

  const auto begin = steady_now();
  server.reset();
  CHECK(steady_now() - begin < std::chrono::seconds(5));  // idle ones may stay for 30
  half.wait_for_close();
}
