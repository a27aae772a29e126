#include <array>
#include <atomic>
#include <cerrno>
#include <semaphore>
#include <thread>

#include "http/socket_diagnosis.h"
#include "support/allocation_limit.h"
#include "support/catch.h"
#include "support/http_server.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using http::Limits;
using http::Method;
using test::contains;
using test::error_of;
using test::Exchange;
using test::HttpServer;
using test::value_of;

namespace {

constexpr Limits patient{.connect = 10s, .first_byte = 10s, .stall = 10s, .total = 20s};

/// A server with a handler, and a connection to it.
class Scene {
 public:
  explicit Scene(HttpServer::Handler handler)
      : path_(directory_.file("docker.sock")),
        server_(path_, std::move(handler)),
        transport_({.path = path_}),
        connection_(transport_.make()) {}

  http::Connection& connection() { return *connection_; }
  HttpServer& server() { return server_; }
  http::CurlTransport& transport() { return transport_; }

  Result<http::Response> get(const std::string& target, const Limits& limits = patient) {
    return connection_->perform({.target = target, .limits = limits});
  }

 private:
  test::TemporaryDirectory directory_;
  std::string path_;
  HttpServer server_;
  http::CurlTransport transport_;
  std::unique_ptr<http::Connection> connection_;
};

void greet(const test::Request& /*request*/, Exchange& exchange) {
  exchange.reply(200, {{"Api-Version", "1.41"}, {"Content-Type", "text/plain"}}, "hello");
}

/// The error of a connection to a path where no server is.
Error failure_at(const std::string& path) {
  http::CurlTransport transport({.path = path});
  return error_of(transport.make()->perform({.target = "/", .limits = patient}));
}

}  // namespace

TEST_CASE("a GET brings status, headers and body") {
  Scene scene(greet);
  const auto response = value_of(scene.get("/version"));
  CHECK(response.status == 200);
  CHECK(response.api_version == "1.41");
  CHECK(response.content_type == "text/plain");
  CHECK(response.body == "hello");
}

TEST_CASE("a HEAD brings the headers alone, and the next GET a body again") {
  Scene scene(greet);
  const auto head = value_of(
      scene.connection().perform({.method = Method::head, .target = "/_ping", .limits = patient}));
  CHECK(head.api_version == "1.41");
  CHECK(head.body.empty());
  CHECK(value_of(scene.get("/")).body == "hello");
}

TEST_CASE("one socket serves request after request") {
  Scene scene(greet);
  for (int i = 0; i < 3; ++i) value_of(scene.get("/"));
  CHECK(scene.server().counters().connections_accepted == 1);
  CHECK(scene.connection().last_transfer().reused_socket);
  CHECK(scene.transport().open_sockets() == 1);
}

TEST_CASE("a chunked body is put together") {
  Scene scene([](const auto&, Exchange& exchange) {
    exchange.begin_chunks(200);
    exchange.chunk("one ");
    exchange.chunk("two");
    exchange.end_chunks();
  });
  CHECK(value_of(scene.get("/")).body == "one two");
}

TEST_CASE("any status is an answer") {
  Scene scene([](const auto&, Exchange& exchange) { exchange.reply(503, {}, "later"); });
  CHECK(value_of(scene.get("/")).status == 503);
}

TEST_CASE("the errors of a missing socket, a socket without a listener and another file differ") {
  const test::TemporaryDirectory directory;
  const auto missing = failure_at(directory.file("none.sock"));
  CHECK(missing.code == Errc::unreachable);
  CHECK_THAT(missing.message, contains("GET /: no socket at"));

  const auto plain = failure_at(directory.write("plain", ""));
  CHECK(plain.code == Errc::misconfigured);
  CHECK_THAT(plain.message, contains("is not a socket"));

  HttpServer server(directory.file("dead.sock"), greet);
  server.stop_listening(test::SocketFile::left);
  const auto refused = failure_at(directory.file("dead.sock"));
  CHECK(refused.code == Errc::unreachable);
  CHECK_THAT(refused.message, contains("nobody listens"));
}

TEST_CASE("the error of a socket without permission names the group that has it") {
  const test::TemporaryDirectory directory;
  const HttpServer server(directory.file("docker.sock"), greet);
  const auto error = http::diagnose_unix_socket(directory.file("docker.sock"), EACCES);
  CHECK(error.code == Errc::permission_denied);
  CHECK_THAT(error.message, contains("belongs to group root"));
}

TEST_CASE("an Engine that does not answer fails by the limit it exceeds") {
  Scene scene([](const auto&, Exchange& exchange) { exchange.hang(); });
  const auto late = error_of(scene.get("/", {.first_byte = 20ms}));
  CHECK(late.code == Errc::first_byte_timeout);
  CHECK(late.message == "GET /: no answer within 20 ms");
  CHECK(error_of(scene.get("/", {.total = 20ms})).code == Errc::timeout);
  CHECK(scene.transport().open_sockets() == 0);
}

TEST_CASE("an answer that stops is stalled, and a slow one ends at the total limit") {
  Scene scene([](const auto&, Exchange& exchange) {
    exchange.begin_chunks(200);
    while (exchange.chunk("x") && exchange.wait(10ms)) {
    }
  });
  CHECK(error_of(scene.get("/", {.stall = 2ms})).code == Errc::stalled);
  const auto cut = error_of(scene.get("/", {.stall = 5s, .total = 60ms}));
  CHECK(cut.code == Errc::timeout);
  CHECK(cut.message == "GET /: no complete answer within 60 ms");
}

TEST_CASE("a frozen Engine still accepts, so only the limits help") {
  Scene scene(greet);
  scene.server().freeze();
  CHECK(error_of(scene.get("/", {.connect = 1s, .total = 30ms})).code == Errc::timeout);
  scene.server().thaw();
  CHECK(value_of(scene.get("/")).status == 200);
}

TEST_CASE("an Engine that hangs up is a lost connection, before and within its answer") {
  Scene scene([](const test::Request& request, Exchange& exchange) {
    if (request.target == "/head") exchange.raw("HTTP/1.1 200 OK\r\n");
    if (request.target == "/within")
      exchange.raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal");
    exchange.close();
  });
  CHECK(error_of(scene.get("/before")).code == Errc::connection_lost);
  CHECK(error_of(scene.get("/head")).code == Errc::connection_lost);
  CHECK(error_of(scene.get("/within")).code == Errc::connection_lost);
}

TEST_CASE("a request is sent once, also if its reused socket dies") {
  Scene scene([](const test::Request& request, Exchange& exchange) {
    if (request.target == "/die") {
      exchange.close();
    } else {
      exchange.reply(200);
    }
  });
  value_of(scene.get("/"));
  CHECK(error_of(scene.get("/die")).code == Errc::connection_lost);
  CHECK(scene.connection().last_transfer().reused_socket);
  CHECK(scene.server().requests("/die") == 1);
  CHECK(value_of(scene.get("/")).status == 200);
}

TEST_CASE("bytes that are no HTTP, and headers without an end, are a protocol error") {
  Scene scene([](const test::Request& request, Exchange& exchange) {
    if (request.target == "/garbage") {
      exchange.raw("\x01\x02garbage\r\n\r\n");
    } else {
      exchange.raw("HTTP/1.1 200 OK\r\n");
      while (exchange.raw("X-Filler: " + std::string(1000, 'x') + "\r\n")) {
      }
    }
    exchange.close();
  });
  CHECK(error_of(scene.get("/garbage")).code == Errc::protocol);
  CHECK(error_of(scene.get("/headers")).code == Errc::protocol);
  CHECK(scene.transport().open_sockets() == 0);
}

TEST_CASE("a body above the limit of its request is refused, in one piece or in many") {
  constexpr std::size_t kib = 1024;
  std::atomic<int> chunks = 0;
  Scene scene([&](const test::Request& request, Exchange& exchange) {
    if (request.target == "/whole") {
      exchange.reply(200, {}, std::string(3 * kib, 'x'));
    } else {
      exchange.begin_chunks(200);
      while (chunks++ < 1000 && exchange.chunk(std::string(1000, 'x'))) {
      }
      exchange.end_chunks();
    }
  });
  const Limits narrow{.total = 20s, .body_bytes = 2 * kib};
  const auto whole = error_of(scene.get("/whole", narrow));
  CHECK(whole.code == Errc::protocol);
  CHECK(whole.message == "GET /whole: the body of the answer, of status 200, is larger than 2 KiB");
  CHECK(error_of(scene.get("/pieces", narrow)).code == Errc::protocol);
  CHECK(scene.transport().open_sockets() == 0);
  CHECK(value_of(scene.get("/whole", {.total = 20s, .body_bytes = 3 * kib})).body.size() ==
        3 * kib);
}

TEST_CASE("the body of an error has a limit of its own") {
  const int status = GENERATE(400, 500);
  Scene scene([status](const test::Request& request, Exchange& exchange) {
    const auto allowed = http::max_error_body_bytes;
    exchange.reply(status, {}, std::string(request.target == "/long" ? allowed + 1 : allowed, 'x'));
  });
  CHECK(value_of(scene.get("/short")).body.size() == http::max_error_body_bytes);
  const auto error = error_of(scene.get("/long"));
  CHECK(error.code == Errc::protocol);
  CHECK_THAT(error.message,
             contains("of status " + std::to_string(status) + ", is larger than 64 KiB"));
}

TEST_CASE("the limit of headers applies to each answer") {
  Scene scene([](const auto&, Exchange& exchange) {
    test::Headers headers;
    for (int i = 0; i < 150; ++i) headers.emplace_back("X-Filler", std::string(1000, 'x'));
    exchange.reply(200, headers);
  });
  for (int i = 0; i < 3; ++i) CHECK(value_of(scene.get("/")).status == 200);
  CHECK(scene.server().counters().connections_accepted == 1);
}

TEST_CASE("headers beyond their limit are refused, and the error has the limit") {
  Scene scene([](const auto&, Exchange& exchange) {
    exchange.raw("HTTP/1.1 200 OK\r\n");
    while (exchange.raw("X-Filler: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  CHECK_THAT(error_of(scene.get("/")).message, contains("headers of the answer are larger than"));
}

TEST_CASE("an answer without memory for it fails, and the next one succeeds") {
  Scene scene([](const test::Request& request, Exchange& exchange) {
    exchange.reply(200, {}, std::string(request.target == "/long" ? 1'000'000 : 10, 'x'));
  });
  {
    const test::AllocationLimit limit(500'000);
    const auto error = error_of(scene.get("/long"));
    CHECK(error.code == Errc::system);
    CHECK(error.message == "GET /long: no memory for the answer");
  }
  CHECK(scene.transport().open_sockets() == 0);
  CHECK(value_of(scene.get("/short")).body.size() == 10);
}

TEST_CASE("a malformed URL is an error, and nothing is sent") {
  Scene scene(greet);
  const auto error = error_of(scene.get("/containers/a b/json"));
  CHECK(error.code == Errc::protocol);
  CHECK_THAT(error.message, contains("cannot be asked"));
  CHECK(scene.server().counters().requests == 0);
}

TEST_CASE("an answer with surplus bytes closes the socket") {
  Scene scene([](const auto&, Exchange& exchange) {
    exchange.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n");
  });
  CHECK(value_of(scene.get("/")).body == "ok");
  CHECK_FALSE(scene.connection().alive());
}

TEST_CASE("an abort by another thread ends a request at once, and nothing is sent again") {
  std::binary_semaphore asked(0);
  Scene scene([&](const auto&, Exchange& exchange) {
    asked.release();
    exchange.hang();
  });
  const std::jthread aborter([&] {
    asked.acquire();
    scene.connection().abort(Errc::engine_down);
  });
  const auto error = error_of(scene.get("/stuck"));
  CHECK(error.code == Errc::engine_down);
  CHECK(scene.server().requests("/stuck") == 1);
  CHECK(scene.server().counters().connections_accepted == 1);
}

TEST_CASE("a request of a cancelled caller is not sent") {
  Scene scene(greet);
  std::stop_source stop;
  stop.request_stop();
  CHECK(error_of(scene.connection().perform({.target = "/", .limits = patient}, stop.get_token()))
            .code == Errc::cancelled);
  CHECK(value_of(scene.get("/")).status == 200);
}

TEST_CASE("each side sees that the other has closed the socket") {
  Scene scene(greet);
  CHECK_FALSE(scene.connection().alive());
  value_of(scene.get("/"));
  CHECK(scene.connection().alive());
  scene.server().disconnect_all();
  CHECK_FALSE(scene.connection().alive());

  value_of(scene.get("/"));
  scene.connection().close();
  CHECK(scene.connection().fd() == -1);
  CHECK(scene.transport().open_sockets() == 0);
  CHECK(scene.server().await([](const auto& now) { return now.connections_open == 0; }));
}

// --- streams -------------------------------------------------------------------------------------

namespace {

/// Reads to the end of the stream, in pieces.
std::string read_all(http::Connection& connection) {
  std::string all;
  std::array<char, 1000> piece{};
  while (const auto size = value_of(connection.read(piece, steady_now() + 10s, {}))) {
    all.append(piece.data(), size);
  }
  return all;
}

}  // namespace

TEST_CASE("a stream is read piece by piece to its clean end, and its socket serves on") {
  const std::string long_text(300'000, 'y');
  Scene scene([&](const test::Request& request, Exchange& exchange) {
    if (request.target != "/events") return void(exchange.reply(200));
    exchange.begin_chunks(200);
    for (std::size_t at = 0; at < long_text.size(); at += 30'000) {
      exchange.chunk(long_text.substr(at, 30'000));
    }
    exchange.end_chunks();
  });
  const auto head =
      value_of(scene.connection().open_stream({.target = "/events", .limits = patient}, {}));
  CHECK(head.status == 200);
  CHECK(read_all(scene.connection()) == long_text);
  value_of(scene.get("/"));
  CHECK(scene.server().counters().connections_accepted == 1);
}

TEST_CASE("a stream begins without the headers and the error of the stream before it") {
  Scene scene([](const test::Request& request, Exchange& exchange) {
    const bool is_first = request.target == "/first";
    exchange.begin_chunks(
        200, is_first ? test::Headers{{"Content-Type", "text/plain"}} : test::Headers{});
    exchange.chunk("word");
    is_first ? exchange.close() : exchange.hang();
  });
  auto& connection = scene.connection();
  const auto first = value_of(connection.open_stream({.target = "/first", .limits = patient}, {}));
  CHECK(first.content_type == "text/plain");
  std::array<char, 100> piece{};
  CHECK(value_of(connection.read(piece, steady_now() + 10s, {})) == 4);
  CHECK(error_of(connection.read(piece, steady_now() + 10s, {})).code == Errc::connection_lost);
  const auto next = value_of(connection.open_stream({.target = "/next", .limits = patient}, {}));
  CHECK(next.content_type.empty());
  CHECK(value_of(connection.read(piece, steady_now() + 10s, {})) == 4);
  CHECK(error_of(connection.read(piece, steady_now() + 10ms, {})).code == Errc::timeout);
}

TEST_CASE("a read returns bytes as soon as they come") {
  Wakeup speak;
  Scene scene([&](const auto&, Exchange& exchange) {
    exchange.begin_chunks(200);
    if (exchange.wait_for(speak, 10s) == test::Waited::woken) exchange.chunk("news");
    exchange.hang();
  });
  value_of(scene.connection().open_stream({.target = "/events", .limits = {.first_byte = 5s}}, {}));
  const auto begin = steady_now();
  speak.signal();
  std::array<char, 100> piece{};
  CHECK(value_of(scene.connection().read(piece, begin + 10s, {})) == 4);
  CHECK(steady_now() - begin < 5s);
}

TEST_CASE("a read of a silent stream times out, and the next read goes on") {
  Wakeup speak;
  Scene scene([&](const auto&, Exchange& exchange) {
    exchange.begin_chunks(200);
    if (exchange.wait_for(speak, 10s) == test::Waited::woken) exchange.chunk("news");
    exchange.end_chunks();
  });
  value_of(scene.connection().open_stream({.target = "/events", .limits = {.first_byte = 5s}}, {}));
  std::array<char, 100> piece{};
  CHECK(error_of(scene.connection().read(piece, steady_now() + 10ms, {})).code == Errc::timeout);
  speak.signal();
  CHECK(read_all(scene.connection()) == "news");
}

TEST_CASE("a slow reader makes the Engine wait") {
  std::atomic<std::size_t> sent = 0;
  Scene scene([&](const auto&, Exchange& exchange) {
    exchange.begin_chunks(200);
    const std::string chunk(16'384, 'z');
    while (sent < 64U * 1024 * 1024 && exchange.chunk(chunk)) sent += chunk.size();
  });
  value_of(scene.connection().open_stream({.target = "/logs", .limits = patient}, {}));
  std::array<char, 10> piece{};
  std::size_t before = 1;
  // Until the buffers of the kernel and of the connection are full, and the Engine has to wait.
  for (int i = 0; i < 1000 && before != sent; ++i) {
    before = sent;
    value_of(scene.connection().read(piece, steady_now() + 1s, {}));
    scene.connection().wait(steady_now() + 20ms);
  }
  CHECK(sent < 4U * 1024 * 1024);
}

TEST_CASE("a stream cut in the middle is a lost connection, not an end") {
  Scene scene([](const auto&, Exchange& exchange) {
    exchange.begin_chunks(200);
    exchange.chunk("half");
    exchange.close();
  });
  value_of(scene.connection().open_stream({.target = "/events", .limits = patient}, {}));
  std::array<char, 100> piece{};
  CHECK(value_of(scene.connection().read(piece, steady_now() + 10s, {})) == 4);
  CHECK(error_of(scene.connection().read(piece, steady_now() + 10s, {})).code ==
        Errc::connection_lost);
}

TEST_CASE("a reader that is told to stop leaves the stream as it is") {
  Scene scene([](const auto&, Exchange& exchange) {
    exchange.begin_chunks(200);
    exchange.hang();
  });
  value_of(scene.connection().open_stream({.target = "/events", .limits = patient}, {}));
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  std::array<char, 100> piece{};
  CHECK(error_of(scene.connection().read(piece, steady_now() + 10s, stop.get_token())).code ==
        Errc::cancelled);
  CHECK(scene.connection().alive());
}

TEST_CASE("an interrupted reader learns it once, after the pending bytes, and the stream goes on") {
  Wakeup speak;
  Scene scene([&](const auto&, Exchange& exchange) {
    exchange.begin_chunks(200);
    exchange.chunk("one");
    if (exchange.wait_for(speak, 10s) == test::Waited::woken) exchange.chunk("two");
    exchange.end_chunks();
  });
  auto& connection = scene.connection();
  value_of(connection.open_stream({.target = "/events", .limits = patient}, {}));
  std::array<char, 100> piece{};
  CHECK(value_of(connection.read(piece, steady_now() + 10s, {})) == 3);
  const std::jthread interrupter([&] { connection.interrupt(Errc::engine_down); });
  CHECK(error_of(connection.read(piece, steady_now() + 10s, {})).code == Errc::cancelled);
  speak.signal();
  CHECK(read_all(connection) == "two");
}

TEST_CASE("a stream that is interrupted before its head is aborted") {
  std::binary_semaphore asked(0);
  Scene scene([&](const auto&, Exchange& exchange) {
    asked.release();
    exchange.hang();
  });
  const std::jthread interrupter([&] {
    asked.acquire();
    scene.connection().interrupt(Errc::engine_down);
  });
  CHECK(
      error_of(scene.connection().open_stream({.target = "/events", .limits = patient}, {})).code ==
      Errc::engine_down);
}
