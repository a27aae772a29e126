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
#include "support/tls_front.h"
#include "support/wait_until.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/util/guarded.h"
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

/// The responders that handlers, on the server's thread, have left for later.
class Waiting {
 public:
  void add(web::Responder responder) {
    all_.with([&](auto& all) { all.push_back(std::move(responder)); });
  }
  [[nodiscard]] std::size_t size() const {
    return all_.with([](const auto& all) { return all.size(); });
  }
  [[nodiscard]] std::vector<web::Responder> take() {
    return all_.with([](auto& all) { return std::exchange(all, {}); });
  }

 private:
  Guarded<std::vector<web::Responder>> all_;
};

/// What surrounds a server: the border of its threads, its log, and what it reports.
class Border {
 public:
  test::LogCapture log;
  ThreadGuard guard{log.logger()};

  void record(const web::RequestReport& report) {
    requests_.with([&](auto& all) {
      all.push_back(std::string(report.path) + " " + std::to_string(report.status) + " " +
                    std::string(report.encoding) + " " + std::to_string(report.bytes));
    });
  }
  void record(web::CloseReason reason) {
    closed_.with([&](auto& all) { all.emplace_back(to_string(reason)); });
  }
  /// "PATH STATUS ENCODING BYTES" of each.
  [[nodiscard]] std::vector<std::string> requests() const {
    return requests_.with([](const auto& all) { return all; });
  }
  [[nodiscard]] std::vector<std::string> closed() const {
    return closed_.with([](const auto& all) { return all; });
  }

 private:
  Guarded<std::vector<std::string>> requests_;
  Guarded<std::vector<std::string>> closed_;
};

/// A server with all that it needs.
class Serving {
 public:
  Serving(const web::ServerOptions& options, std::vector<web::Route> routes)
      : server_(value_of(web::Server::start(
            options, std::move(routes),
            {.on_request = [border = border_.get()](const auto& report) { border->record(report); },
             .on_closed = [border = border_.get()](auto reason) { border->record(reason); }},
            border_->guard))) {}

  web::Server* operator->() const { return server_.get(); }
  /// Of the first address.
  [[nodiscard]] std::uint16_t port() const { return server_->ports().front(); }
  [[nodiscard]] const Border& border() const { return *border_; }
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
  return {{.listen_addresses = {address}}, std::move(routes)};
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
  return error_of(web::Server::start({.listen_addresses = {address}}, {}, {}, border.guard))
      .message;
}

}  // namespace

TEST_CASE("a route answers with its status, its type and its body") {
  const auto server = serve();
  RawClient client(server.port());
  const auto answer = client.get("/metrics");
  CHECK(answer.status == 200);
  CHECK(answer.body == "up 1\n");
  CHECK_THAT(answer.head, contains("Content-Type: text/plain; version=0.0.4\r\n"));
  CHECK(client.get("/unwell").status == 503);
}

TEST_CASE("the query does not matter for the route") {
  const auto server = serve();
  CHECK(RawClient(server.port()).get("/metrics?a=b&c").body == "up 1\n");
}

TEST_CASE("a handler sees what the client accepts") {
  const auto server = serve();
  RawClient client(server.port());
  client.send(
      "GET /accept HTTP/1.1\r\nHost: t\r\naccept: text/html\r\nAccept-Encoding: gzip\r\n\r\n");
  CHECK(client.read_reply().body == "text/html|gzip");
  CHECK(client.get("/accept").body == "|");
}

TEST_CASE("HEAD is answered with the length of the body, without the body") {
  const auto server = serve();
  RawClient client(server.port());
  client.ask("HEAD", "/metrics");
  CHECK_THAT(client.read_head(), contains(" 200 OK\r\n") && contains("Content-Length: 5\r\n"));
  CHECK(client.get("/accept").body == "|");  // the next answer follows at once
}

TEST_CASE("a client that has the answer is told so without a body, to GET and to HEAD") {
  const auto not_modified = [](const web::Request& request) {
    web::Response answer{.status = 304, .headers = {{"ETag", request.if_none_match}}};
    if (request.path == "/pieces") {
      answer.next_piece = [piece = std::string_view("piece")]() mutable {
        return std::exchange(piece, {});
      };
    }
    if (request.path == "/whole") answer.body = "whole";
    return answer;
  };
  const auto server = serve("127.0.0.1:0", {{"/pieces", not_modified},
                                            {"/whole", not_modified},
                                            {"/next", [](const auto&) { return text("next"); }}});
  RawClient client(server.port());
  for (const std::string method : {"GET", "HEAD"}) {
    for (const std::string path : {"/whole", "/pieces"}) {
      CAPTURE(method, path);
      client.send(method + " " + path + " HTTP/1.1\r\nHost: t\r\nIf-None-Match: \"a\"\r\n\r\n");
      const auto head = client.read_head();
      CHECK_THAT(head, contains(" 304 Not Modified\r\n") && contains("ETag: \"a\"\r\n"));
      CHECK_THAT(head, !contains("Transfer-Encoding"));
      CHECK_THAT(head, contains("Content-Length: 5\r\n"));
      CHECK(client.get("/next").body == "next");  // it follows at once
    }
  }
  CHECK(server.border().requests().front() == "/whole 304 identity 0");
}

TEST_CASE("a header that the user has configured takes the place of the handler's") {
  const auto answer = [](const web::Request&) {
    return web::Response{.headers = {{"Content-Security-Policy", "default-src 'none'"},
                                     {"X-Content-Type-Options", "nosniff"}},
                         .body = "page"};
  };
  web::ServerOptions options{.listen_addresses = {"127.0.0.1:0"}};
  options.protection.headers = {{"content-security-policy", "sandbox"}};
  const Serving server(options, {{"/", answer}});
  const auto head = RawClient(server.port()).get("/").head;
  CHECK_THAT(head, contains("content-security-policy: sandbox\r\n"));
  CHECK_THAT(head, !contains("default-src"));
  CHECK_THAT(head, contains("X-Content-Type-Options: nosniff\r\n"));
}

TEST_CASE("an unknown path is answered without a word about the others") {
  const auto server = serve();
  const auto answer = RawClient(server.port()).get("/metrics/");
  CHECK(answer.status == 404);
  CHECK(answer.body == "not found\n");
}

TEST_CASE("only GET and HEAD are allowed, of any path") {
  const auto server = serve();
  const auto method = GENERATE(as<std::string>{}, "POST", "PUT", "DELETE", "OPTIONS", "BREW");
  for (const auto* path : {"/metrics", "/unknown"}) {
    RawClient client(server.port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc");
    const auto answer = client.read_reply();
    CHECK(answer.status == 405);
    CHECK_THAT(answer.head, contains("Allow: GET, HEAD\r\n"));
  }
}

TEST_CASE(
    "a handler that throws is a 500 whose reason is in the log alone, and the next is served") {
  const auto server = serve();
  RawClient client(server.port());
  const auto answer = client.get("/throws");
  CHECK(answer.status == 500);
  CHECK(answer.body == "internal error\n");
  CHECK(server.log().count("thread=web reason=\"out of ink\"") == 1);
  CHECK(server.failures() == 1);
  CHECK(client.get("/metrics").status == 200);
}

TEST_CASE("a connection is kept alive over many requests") {
  const auto server = serve();
  RawClient client(server.port());
  for (int i = 0; i < 100; ++i) REQUIRE(client.get("/metrics").body == "up 1\n");
  CHECK_FALSE(client.has_unread_bytes());
}

TEST_CASE("many requests that are sent at once are answered in their order") {
  const auto server = serve();
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 500; ++i) {
    requests += i % 2 == 0 ? "GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n"
                           : "GET /accept HTTP/1.1\r\nHost: t\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 500; ++i) REQUIRE(client.read_reply().body == (i % 2 == 0 ? "up 1\n" : "|"));
}

TEST_CASE(
    "a request with a body, and one that can be read in two ways, is refused and the "
    "connection closed") {
  const auto server = serve();
  const auto* const headers =
      GENERATE("Content-Length: 4\r\n\r\nbody", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
               "Transfer-Encoding: xchunked\r\n\r\n",
               "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", "Host: other\r\n\r\n");
  CAPTURE(headers);
  RawClient client(server.port());
  client.send(std::string("GET /metrics HTTP/1.1\r\nHost: t\r\n") + headers);
  CHECK(client.read_reply().status == 400);
  client.wait_for_close();
}

TEST_CASE("a request whose head is too large is refused at once") {
  const auto server = serve();
  const auto extra = GENERATE(as<std::string>{}, "header", "many headers", "target", "arguments");
  CAPTURE(extra);
  std::string target = "/metrics";
  std::string headers;
  if (extra == "header") headers = "X: " + std::string(100'000, 'x') + "\r\n";
  if (extra == "target") target += std::string(100'000, 'x');
  for (int i = 0; i < 5'000; ++i) {
    if (extra == "many headers") headers += "X-" + std::to_string(i) + ": y\r\n";
    if (extra == "arguments") target += (i == 0 ? "?a=b" : "&a=b");
  }
  RawClient client(server.port());
  client.send("GET " + target + " HTTP/1.1\r\nHost: t\r\n" + headers + "\r\n");
  const auto answer = client.read_some();
  if (answer) CHECK_THAT(*answer, contains("HTTP/1.1 4"));
  client.wait_for_close();
  CHECK(RawClient(server.port()).get("/metrics").status == 200);
}

TEST_CASE("a query of some hundred arguments is no reason to wait") {
  const auto server = serve();
  std::string target = "/metrics?a=b";
  for (int i = 0; i < 500; ++i) target += "&a=b";
  CHECK(RawClient(server.port()).get(target).status == 200);
}

TEST_CASE("what is not HTTP is refused, and others are served meanwhile") {
  const auto server = serve();
  RawClient slow(server.port());
  slow.send("GET /met");
  RawClient garbage(server.port());
  garbage.send("\x16\x03\x01\r\n\r\n");
  garbage.wait_for_close();
  CHECK(RawClient(server.port()).get("/metrics").status == 200);
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
        RawClient client(server.port());
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
  RawClient client(server.port());
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
  RawClient client(server.port());
  client.ask("HEAD", "/");
  CHECK_THAT(client.read_head(), contains(" 200 OK\r\n") && contains("Content-Length: 15\r\n"));
  CHECK(client.get("/none").status == 404);  // the next answer follows at once
}

TEST_CASE("a piece that throws cuts the answer, which the client can tell from its end") {
  const auto server = serve_pieces([first = true]() mutable -> std::string_view {
    if (!std::exchange(first, false)) throw std::runtime_error("out of ink");
    return "up ";
  });
  RawClient client(server.port());
  client.ask("GET", "/");
  std::ignore = client.read_head();
  CHECK(client.read_chunk() == "up ");
  CHECK_FALSE(client.read_some());
  CHECK(server.failures() == 1);
  CHECK(RawClient(server.port()).get("/none").status == 404);
}

TEST_CASE("pieces wait for a client that does not read, and end with it") {
  std::atomic<std::size_t> asked = 0;
  const std::string piece(1'000'000, 'x');
  const auto alive = std::make_shared<int>(0);
  auto server = serve_pieces([&, alive] {
    ++asked;
    return std::string_view(piece);
  });
  auto client = std::make_unique<RawClient>(server.port());
  client->ask("GET", "/");
  std::ignore = client->read_head();
  RawClient other(server.port());
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

TEST_CASE("a client beyond the limit takes the place of one that waits") {
  const Serving server({.listen_addresses = {"127.0.0.1:0"}, .max_connections = 2},
                       example_routes());
  RawClient first(server.port());
  CHECK(first.get("/metrics").status == 200);
  for (int i = 0; i < 10; ++i) CHECK(RawClient(server.port()).get("/metrics").status == 200);
  RawClient second(server.port());
  RawClient third(server.port());
  CHECK(second.get("/metrics").status == 200);
  CHECK(third.get("/metrics").status == 200);
  first.wait_for_close();
  CHECK(server.border().closed().front() == "evicted");
}

TEST_CASE("answers in pieces beyond their limit are refused, others are not") {
  const Serving server(
      {.listen_addresses = {"127.0.0.1:0"}, .max_requests = 1},
      {{.path = "/",
        .handle =
            [](const web::Request&) {
              return web::Response{.next_piece = [] {
                static const std::string piece(100'000, 'x');
                return std::string_view(piece);
              }};
            }},
       {.path = "/small", .handle = [](const web::Request&) { return text("small"); }}});
  RawClient reader(server.port());
  reader.ask("GET", "/");
  std::ignore = reader.read_head();
  RawClient other(server.port());
  // Whoever reads keeps its place; the other one is refused until it does not.
  const auto status = [&] {
    reader.read_chunk();
    other.ask("HEAD", "/small");
    return other.read_head();
  };
  CHECK_THAT(status(), contains(" 200 "));
  CHECK(server->load().requests == 1);
}

TEST_CASE("a response may come later, from another thread, while others are served") {
  Waiting waiting;
  const Serving server(
      {.listen_addresses = {"127.0.0.1:0"}},
      {{.path = "/-/reload",
        .handle_later = [&](const web::Request&,
                            web::Responder respond) { waiting.add(std::move(respond)); },
        .is_post = true},
       {.path = "/metrics", .handle = [](const web::Request&) { return text("up 1\n"); }}});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    clients.back()->ask("POST", "/-/reload");
    // libmicrohttpd before 1.0.3 may skip connections that are ready while others are suspended.
    for (int other = 0; other < 5; ++other) {
      CHECK(RawClient(server.port()).get("/metrics").status == 200);
    }
  }
  REQUIRE(waiting.size() == 20);
  for (auto& respond : waiting.take()) std::jthread([&] { respond(text("reloaded\n")); }).join();
  for (auto& client : clients) CHECK(client->read_reply().body == "reloaded\n");
  CHECK(clients.front()->get("/-/reload").status == 405);
}

TEST_CASE("a server goes at once while responses are outstanding") {
  Waiting waiting;
  Serving server({.listen_addresses = {"127.0.0.1:0"}},
                 {{.path = "/", .handle_later = [&](const web::Request&, web::Responder respond) {
                     waiting.add(std::move(respond));
                   }}});
  RawClient client(server.port());
  client.ask("GET", "/");
  test::wait_until("the handler is called", 10s, [&] { return waiting.size() == 1; });
  server.reset();
  waiting.take().front()(text("too late"));
  client.wait_for_close();
}

TEST_CASE("each request is reported with its route, status, encoding and size") {
  const auto server = serve();
  RawClient client(server.port());
  CHECK(client.get("/metrics?x").status == 200);
  CHECK(client.get("/%6Detrics").status == 200);
  CHECK(client.get("/unknown/path").status == 404);
  client.ask("HEAD", "/metrics");
  std::ignore = client.read_head();
  CHECK(client.get("/unwell").status == 503);
  const std::vector<std::string> expected{"/metrics 200 identity 5", "/metrics 200 identity 5",
                                          "other 404 identity 10", "/metrics 200 identity 0",
                                          "/unwell 503 identity 0"};
  test::wait_until("all are reported", 10s, [&] { return server.border().requests() == expected; });
}

TEST_CASE("several addresses are listened on, and ports are told in their order") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("web.sock");
  const Serving server({.listen_addresses = {"127.0.0.1:0", "unix://" + path, "[::1]:0"}},
                       example_routes());
  const auto ports = server->ports();
  REQUIRE(ports.size() == 3);
  CHECK(ports[1] == 0);
  CHECK(RawClient(ports[0]).get("/metrics").status == 200);
  CHECK(RawClient(path).get("/metrics").status == 200);
  CHECK(RawClient(ports[2], "::1").get("/metrics").status == 200);
}

TEST_CASE("the private socket is its owner's, and serves the private paths alone") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("health.sock");
  web::ServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  options.private_socket = path;
  options.private_paths = {"/unwell"};
  const Serving server(options, example_routes());
  CHECK(RawClient(path).get("/unwell").status == 503);
  CHECK(RawClient(path).get("/metrics").status == 404);
  CHECK(std::filesystem::status(path).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(RawClient(server.port()).get("/metrics").status == 200);
  CHECK(server->ports().size() == 1);
}

TEST_CASE("a handler knows whether its client is on this machine") {
  const auto server =
      serve("127.0.0.1:0", {{.path = "/", .handle = [](const web::Request& request) {
                               return text(request.is_local ? "local" : "remote");
                             }}});
  CHECK(RawClient(server.port()).get("/").body == "local");
}

TEST_CASE("a handler knows whether its client had to show a certificate") {
  const test::TemporaryDirectory directory;
  const test::CertificateAuthority ca(directory, "ca");
  const auto own = ca.issue("server", "127.0.0.1");
  const auto client = ca.issue("client", "client.example");
  const auto answer_for = [&](config::ClientAuth auth) {
    web::ServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    options.protection.tls = config::WebTls{.certificate = test::read_file(own.cert_file),
                                            .key = test::read_file(own.key_file),
                                            .client_ca = test::read_file(ca.file()),
                                            .client_auth = auth};
    const Serving server(options, {{.path = "/", .handle = [](const web::Request& request) {
                                      return text(request.is_trusted ? "trusted" : "anybody");
                                    }}});
    http::CurlTransport transport(
        value_of(model::parse_engine_address("https://127.0.0.1:" + std::to_string(server.port()))),
        {.ca_file = ca.file(), .cert_file = client.cert_file, .key_file = client.key_file});
    return value_of(transport.make()->perform({.target = "/", .limits = {.total = 20s}})).body;
  };
  CHECK(answer_for(config::ClientAuth::require_and_verify) == "trusted");
  CHECK(answer_for(config::ClientAuth::require_any) == "anybody");
  CHECK(answer_for(config::ClientAuth::none) == "anybody");
}

TEST_CASE("[::] and a bare port take IPv4 and IPv6") {
  const auto* const address = GENERATE("[::]:0", ":0");
  const auto server = serve(address);
  CHECK(RawClient(server.port()).get("/metrics").status == 200);
  CHECK(RawClient(server.port(), "::1").get("/metrics").status == 200);
}

TEST_CASE("a name is listened on, and an IPv6 address alone") {
  CHECK(serve("localhost:0").port() != 0);
  const auto server = serve("[::1]:0");
  CHECK(RawClient(server.port(), "::1").get("/metrics").status == 200);
  CHECK_THROWS(RawClient(server.port()));
}

TEST_CASE("a Unix socket is listened on and removed afterwards") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("web.sock");
  {
    const auto server = serve("unix://" + path);
    CHECK(server.port() == 0);
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
  const auto address = "127.0.0.1:" + std::to_string(server.port());
  Border border;
  const auto error =
      error_of(web::Server::start({.listen_addresses = {address}}, {}, {}, border.guard));
  CHECK(error.code == Errc::system);
  CHECK(error.message == "cannot listen on web.listen_address \"" + address +
                             "\": Address already in use; another program listens there: stop it "
                             "or choose another port");
}

TEST_CASE("the port is free again once the server has gone, connections or not") {
  auto server = serve();
  const auto address = "127.0.0.1:" + std::to_string(server.port());
  RawClient client(server.port());
  REQUIRE(client.get("/metrics").status == 200);
  server.reset();
  CHECK(serve(address).port() != 0);
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
  const auto error =
      error_of(web::Server::start({.listen_addresses = {address}}, {}, {}, border.guard));
  CHECK(error.code == Errc::invalid_config);
  CHECK_THAT(error.message,
             contains("\"" + std::string(address) + "\"") && contains("allowed: 127.0.0.1:9717"));
}

TEST_CASE("a server goes at once, whatever its clients hold open") {
  std::string page;
  page.resize(16'000'000, 'x');  // more than the kernel buffers
  auto server = serve("127.0.0.1:0", {{"/", [&](const web::Request&) { return text(page); }}});
  const RawClient silent(server.port());
  RawClient half(server.port());
  half.send("GET / HT");
  RawClient unread(server.port());
  unread.ask("HEAD", "/");
  REQUIRE_THAT(unread.read_head(), contains(" 200 OK\r\n"));
  unread.ask("GET", "/");  // and never reads it

  const auto begin = steady_now();
  server.reset();
  CHECK(steady_now() - begin < std::chrono::seconds(5));  // idle ones may stay for 30
  half.wait_for_close();
}
