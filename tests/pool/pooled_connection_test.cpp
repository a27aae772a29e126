#include "tidegauge/pool/pooled_connection.h"

#include <atomic>
#include <optional>
#include <utility>

#include "pool/calls.h"
#include "support/catch.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/pool_scene.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::CloseReason;
using test::call;
using test::error_of;
using test::Exchange;
using test::get;
using test::index_of;
using test::PoolScene;
using test::value_of;

TEST_CASE("a moved lease is released once") {
  PoolScene scene;
  {
    auto first = value_of(scene.pool().get_connection());
    auto second = std::move(first);
    value_of(get(second));
    auto third = value_of(scene.pool().get_connection());
    third = std::move(second);
    CHECK(scene.pool().stats().connections_active == 1);
  }
  CHECK(scene.pool().stats().connections_active == 0);
  value_of(call(scene));
}

TEST_CASE("a call whose idle socket dies before the answer is sent once more on a new socket") {
  std::atomic<int> asked = 0;
  PoolScene scene({}, [&](const auto&, Exchange& exchange) {
    if (++asked == 2) return exchange.close();  // the first use of the reused socket
    exchange.reply(200);
  });
  value_of(call(scene));
  value_of(call(scene, "/again"));
  CHECK(scene.server().requests("/again") == 2);
  CHECK(scene.pool().stats().stale_retries == 1);
}

TEST_CASE("a call whose socket dies within the answer is not sent again") {
  PoolScene scene({}, [&](const test::Request& request, Exchange& exchange) {
    if (request.target != "/cut") return void(exchange.reply(200));
    exchange.raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal");
    exchange.close();
  });
  value_of(call(scene));
  CHECK(error_of(call(scene, "/cut")).code == Errc::connection_lost);
  CHECK(scene.server().requests("/cut") == 1);
  CHECK(scene.pool().stats().stale_retries == 0);
}

TEST_CASE("each request and its answer are in the log where its level is debug") {
  PoolScene scene({}, [](const auto& request, Exchange& exchange) {
    if (request.target == "/cut") return exchange.close();
    exchange.reply(200, {}, "hello");
  });
  value_of(call(scene));
  CHECK(scene.log().count("asked the Engine") == 0);
  scene.log().logger().set_level(LogLevel::debug);
  value_of(call(scene));
  CHECK(scene.log().count("level=debug msg=\"asked the Engine\" endpoint=") == 1);
  CHECK(scene.log().count("method=GET target=/ result=200 bytes=5 seconds=0.") == 1);
  CHECK_FALSE(call(scene, "/cut"));
  CHECK(scene.log().count("target=/cut result=\"") == 1);
}

TEST_CASE("a call that fails on a new socket is not sent again") {
  PoolScene scene({}, [](const auto&, Exchange& exchange) { exchange.close(); });
  CHECK(error_of(call(scene, "/once")).code == Errc::connection_lost);
  CHECK(scene.server().requests("/once") == 1);
  CHECK(scene.pool().stats().connections_closed[index_of(CloseReason::error)] == 1);
}

TEST_CASE("a stuck call is counted by its class, and its socket is closed") {
  PoolScene scene({}, [](const auto&, Exchange& exchange) { exchange.hang(); });
  auto connection = value_of(scene.pool().get_connection({.call_class = model::CallClass::list}));
  CHECK(error_of(connection.perform({.target = "/", .limits = {.total = 10ms}})).code ==
        Errc::timeout);
  const auto stats = scene.pool().stats();
  CHECK(stats.stuck_operations[index_of(model::CallClass::list)] == 1);
  CHECK(stats.connections_closed[index_of(CloseReason::stuck)] == 1);
  CHECK(stats.open_sockets == 0);
}

TEST_CASE("a connection is closed if the Engine asks for that") {
  PoolScene scene({}, [](const auto&, Exchange& exchange) {
    exchange.reply(200, {{"Connection", "close"}});
    exchange.close();
  });
  value_of(call(scene));
  CHECK(scene.pool().stats().connections_idle == 0);
  CHECK(scene.pool().stats().open_sockets == 0);
}

TEST_CASE("a lease may outlive its pool, and its socket is closed with it") {
  const test::TemporaryDirectory directory;
  const auto path = directory.file("docker.sock");
  test::HttpServer server(path, test::answer);
  test::LogCapture log;
  std::optional<pool::PooledConnection> held;
  {
    pool::ConnectionPool pool("local", {.path = path}, {},
                              http::make_curl_transport({.path = path}), log.logger());
    held = value_of(pool.get_connection());
    value_of(get(*held));
  }
  value_of(get(*held));
  held.reset();
  CHECK(server.requests("/") == 2);
  CHECK(server.await([](const auto& now) { return now.connections_open == 0; }));
}
