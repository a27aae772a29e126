#include "support/http_server.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "support/catch.h"
#include "support/raw_client.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;
using test::Exchange;
using test::HttpServer;
using test::LoopbackTcp;
using test::RawClient;
using test::Request;
using test::SocketFile;
using test::TemporaryDirectory;

namespace {

void echo(const Request& request, Exchange& exchange) {
  exchange.reply(200, {},
                 request.method + " " + request.target + " " + request.body + " " +
                     std::to_string(request.connection) + "." + std::to_string(request.number));
}

void be_busy(const Request& request, Exchange& exchange) {
  if (request.target == "/hang") exchange.hang();
  if (request.target == "/drip") exchange.wait(1h);
  // More than a socket holds, to a client that does not read.
  if (request.target == "/flood") exchange.raw(std::string(4'000'000, 'x'));
}

/// The errno of a refused connection; 0 when it is accepted.
int connect_error(const std::string& path) {
  try {
    const RawClient client(path);
    return 0;
  } catch (const std::system_error& error) {
    return error.code().value();
  }
}

}  // namespace

TEST_CASE("a connection is kept alive and its requests are numbered") {
  const TemporaryDirectory directory;
  const HttpServer server(directory.file("s"), echo);
  RawClient first(directory.file("s"));
  CHECK(first.get("/a").body == "GET /a  1.1");
  CHECK(first.get("/b").body == "GET /b  1.2");
  RawClient second(directory.file("s"));
  second.send("POST /c HTTP/1.1\r\nContent-Length: 2\r\n\r\nxyGET /d HTTP/1.1\r\n\r\n");
  CHECK(second.read_reply().body == "POST /c xy 2.1");
  CHECK(second.read_reply().body == "GET /d  2.2");
}

TEST_CASE("connections and requests are counted") {
  const TemporaryDirectory directory;
  const HttpServer server(directory.file("s"), echo);
  RawClient stays(directory.file("s"));
  RawClient leaves(directory.file("s"));
  stays.get("/a");
  leaves.get("/a");
  leaves.get("/b");
  CHECK(server.counters().connections_open == 2);
  leaves.close();
  CHECK(server.await([](const auto& now) { return now.connections_open == 1; }));
  CHECK(server.counters().connections_accepted == 2);
  CHECK(server.counters().requests == 3);
  CHECK(server.requests("/a") == 2);
  CHECK(server.requests("/never") == 0);
  CHECK_FALSE(server.await([](const auto& now) { return now.requests == 4; }, 1ms));
}

TEST_CASE("a client that asks for it is hung up on after its reply") {
  const TemporaryDirectory directory;
  const HttpServer server(directory.file("s"), echo);
  RawClient client(directory.file("s"));
  client.send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(client.read_reply().status == 200);
  CHECK_FALSE(client.read_some());
  RawClient old(directory.file("s"));
  old.send("GET / HTTP/1.0\r\n\r\n");
  CHECK(old.read_reply().status == 200);
  CHECK_FALSE(old.read_some());
}

TEST_CASE("HEAD is answered without the body") {
  const TemporaryDirectory directory;
  const HttpServer server(directory.file("s"), echo);
  RawClient client(directory.file("s"));
  client.ask("HEAD", "/");
  CHECK_THAT(client.read_head(), contains("Content-Length: 11\r\n"));
  CHECK(client.get("/").body == "GET /  1.2");
}

TEST_CASE("a handler streams chunks, sends raw bytes and hangs up") {
  const TemporaryDirectory directory;
  const HttpServer server(directory.file("s"), [](const Request& request, Exchange& exchange) {
    if (request.target == "/chunks") {
      exchange.begin_chunks(200);
      exchange.chunk("one ");
      exchange.chunk(std::string(20, '2'));
      exchange.end_chunks();
    } else {
      exchange.raw("nonsense");
      exchange.close();
    }
  });
  RawClient client(directory.file("s"));
  CHECK(client.get("/chunks").body == "one " + std::string(20, '2'));
  client.ask("GET", "/");
  CHECK(client.read_some() == "nonsense");
  CHECK_FALSE(client.read_some());
}

TEST_CASE("over TCP a connection can be reset and the port stays the same") {
  HttpServer server(LoopbackTcp{}, [](const Request&, Exchange& exchange) { exchange.reset(); });
  RawClient client(server.port());
  client.ask("GET", "/");
  CHECK_FALSE(client.read_some());
  const auto port = server.port();
  server.stop_listening(SocketFile::removed);
  CHECK_THROWS_AS(RawClient(port), std::system_error);
  server.listen();
  CHECK(server.port() == port);
  CHECK_NOTHROW(RawClient(port));
}

TEST_CASE("what a stopped server leaves is its file or nothing") {
  const TemporaryDirectory directory;
  const auto path = directory.file("s");
  {
    HttpServer server(path, echo);
    RawClient before(path);
    before.get("/");
    server.stop_listening(SocketFile::left);
    CHECK(connect_error(path) == ECONNREFUSED);
    CHECK(before.get("/").status == 200);
    server.disconnect_all();
    CHECK_FALSE(before.read_some());

    server.listen();
    CHECK(RawClient(path).get("/").status == 200);
    server.stop_listening(SocketFile::removed);
    CHECK(connect_error(path) == ENOENT);
    server.listen();
    CHECK(connect_error(path) == 0);
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a frozen server takes connections and requests and answers them when thawed") {
  const TemporaryDirectory directory;
  HttpServer server(directory.file("s"), echo);
  RawClient known(directory.file("s"));
  known.get("/");
  server.freeze();
  known.ask("GET", "/frozen");
  RawClient fresh(directory.file("s"));
  fresh.ask("GET", "/frozen");
  CHECK_FALSE(server.await([](const auto& now) { return now.requests > 1; }, 20ms));
  CHECK(server.counters().connections_accepted == 1);
  server.thaw();
  CHECK(known.read_reply().status == 200);
  CHECK(fresh.read_reply().status == 200);
}

TEST_CASE("a frozen server accepts no more than its backlog") {
  const TemporaryDirectory directory;
  HttpServer server(directory.file("s"), echo, {.backlog = 1});
  server.freeze();
  const RawClient first(directory.file("s"));
  const RawClient second(directory.file("s"));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  directory.file("s").copy(address.sun_path, sizeof address.sun_path - 1);
  const UniqueFd third(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  CHECK(::connect(third.get(), generic, sizeof address) == -1);
  CHECK(errno == EAGAIN);
}

TEST_CASE("connections above the limit are hung up on") {
  const TemporaryDirectory directory;
  const HttpServer server(directory.file("s"), echo, {.connections = 1});
  RawClient first(directory.file("s"));
  first.get("/");
  CHECK_FALSE(RawClient(directory.file("s")).read_some());
}

TEST_CASE("a handler learns that its client has hung up") {
  const TemporaryDirectory directory;
  std::atomic<bool> waited = false;
  const HttpServer server(directory.file("s"), [&](const Request& request, Exchange& exchange) {
    if (request.target == "/hang") exchange.hang();
    if (request.target == "/wait") waited = exchange.wait(1h);
  });
  RawClient hanging(directory.file("s"));
  RawClient waiting(directory.file("s"));
  hanging.ask("GET", "/hang");
  waiting.ask("GET", "/wait");
  CHECK(server.await([](const auto& now) { return now.requests == 2; }));
  hanging.close();
  waiting.close();
  CHECK(server.await([](const auto& now) { return now.connections_open == 0; }));
  CHECK_FALSE(waited);
}

TEST_CASE("destruction ends whatever is going on") {
  const TemporaryDirectory directory;
  auto server = std::make_unique<HttpServer>(directory.file("s"), be_busy);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (const auto* target : {"/hang", "/drip", "/flood", "/idle"}) {
    clients.push_back(std::make_unique<RawClient>(directory.file("s")));
    clients.back()->ask("GET", target);
  }
  CHECK(server->await([](const auto& now) { return now.requests == 4; }));
  SECTION("running") {}
  SECTION("frozen") {
    server->freeze();
  }
  // While its clients are still there.
  server.reset();
  CHECK_FALSE(clients.back()->read_some());
}
