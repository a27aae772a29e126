// Answers that are broken, cut or more than they promised. A socket that brought one is never used
// again, and no answer is ever taken for another's.

#include <array>
#include <atomic>
#include <string>
#include <utility>

#include "fault/pool_invariants.h"
#include "support/catch.h"
#include "support/http_server.h"
#include "support/managed_scene.h"
#include "support/nothing_left_behind.h"
#include "support/pool_scene.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::CircuitState;
using model::CloseReason;
using test::ask;
using test::check_pool_invariants;
using test::error_of;
using test::Exchange;
using test::index_of;
using test::PoolScene;
using test::Request;
using test::value_of;

namespace {

/// Whatever else a server does, it answers this.
bool answered_good(const Request& request, Exchange& exchange) {
  if (request.target != "/good") return false;
  exchange.reply(200, {}, "good");
  return true;
}

}  // namespace

TEST_CASE("a server that dies within its answer, or before it, costs one call and one socket") {
  const test::NothingLeftBehind nothing_left_behind;
  const auto [what, bytes, code] = GENERATE(table<std::string, std::string, Errc>({
      {"nothing at all", "", Errc::connection_lost},
      {"half a status line", "HTTP/1.1 20", Errc::connection_lost},
      {"half its headers", "HTTP/1.1 200 OK\r\nContent-Le", Errc::connection_lost},
      {"no end of headers", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n", Errc::connection_lost},
      {"half its body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", Errc::connection_lost},
      {"half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
       Errc::connection_lost},
      {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
       Errc::connection_lost},
      {"no number where a chunk begins",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhalf\r\n",
       Errc::connection_lost},  // as libcurl sees it
      {"garbage", "\x01\x02\x03 garbage\r\n\r\n", Errc::protocol},
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", Errc::protocol},
      {"a header without an end", "HTTP/1.1 200 OK\r\nX-Filler: " + std::string(300'000, 'x'),
       Errc::protocol},
      {"a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nbody",
       Errc::protocol},
  }));
  INFO("sent: " << what);
  PoolScene scene({}, [&](const Request& request, Exchange& exchange) {
    if (answered_good(request, exchange)) return;
    exchange.raw(bytes);
    exchange.close();
  });
  CHECK(error_of(ask(scene.pool(), "/broken")).code == code);
  CHECK(scene.server().requests("/broken") == 1);
  CHECK(scene.pool().stats().connections_closed[index_of(CloseReason::error)] == 1);
  CHECK(scene.pool().stats().open_sockets == 0);

  CHECK(value_of(ask(scene.pool(), "/good")).body == "good");
  CHECK(scene.server().counters().connections_accepted == 2);
  check_pool_invariants(scene.pool());
}

TEST_CASE("a call whose answer is shorter than its length ends at the limit") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({}, [](const Request& request, Exchange& exchange) {
    if (answered_good(request, exchange)) return;
    exchange.raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal");
    exchange.hang();
  });
  CHECK(error_of(ask(scene.pool(), "/short", {.stall = 500ms})).code == Errc::stalled);
  CHECK(scene.server().requests("/short") == 1);
  CHECK(scene.pool().stats().connections_closed[index_of(CloseReason::stuck)] == 1);
  CHECK(value_of(ask(scene.pool(), "/good")).body == "good");
  check_pool_invariants(scene.pool());
}

TEST_CASE("the surplus of an answer that is longer than its length is no other call's answer") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({}, [](const Request& request, Exchange& exchange) {
    if (answered_good(request, exchange)) return;
    exchange.raw(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
  });
  CHECK(value_of(ask(scene.pool(), "/long")).body == "ok");
  CHECK(value_of(ask(scene.pool(), "/good")).body == "good");
  CHECK(scene.server().counters().connections_accepted == 2);
  CHECK(scene.server().requests("/good") == 1);
  check_pool_invariants(scene.pool());
}

TEST_CASE("an answer without a request closes the idle socket") {
  const test::NothingLeftBehind nothing_left_behind;
  std::atomic<bool> unasked = false;
  PoolScene scene({}, [&](const Request& request, Exchange& exchange) {
    if (answered_good(request, exchange)) return;
    exchange.reply(200, {}, "ok");
    exchange.raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
    unasked = true;
  });
  CHECK(value_of(ask(scene.pool(), "/twice")).body == "ok");
  REQUIRE(test::eventually([&] { return unasked.load(); }));
  CHECK(value_of(ask(scene.pool(), "/good")).body == "good");
  CHECK(scene.server().counters().connections_accepted == 2);
  check_pool_invariants(scene.pool());
}

TEST_CASE("an HTTP/1.0 answer is complete when the server hangs up, and the socket is closed") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({}, [](const Request& request, Exchange& exchange) {
    if (answered_good(request, exchange)) return;
    exchange.raw("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end");
    exchange.close();
  });
  CHECK(value_of(ask(scene.pool(), "/old")).body == "to the end");
  CHECK(scene.pool().stats().open_sockets == 0);
  CHECK(value_of(ask(scene.pool(), "/good")).body == "good");
  CHECK(scene.server().requests("/old") == 1);
  check_pool_invariants(scene.pool());
}

TEST_CASE(
    "the pool closes the socket if the server sends Connection: close and does not close it") {
  const test::NothingLeftBehind nothing_left_behind;
  PoolScene scene({}, [](const Request& request, Exchange& exchange) {
    if (answered_good(request, exchange)) return;
    exchange.reply(200, {{"Connection", "close"}}, "last");
  });
  CHECK(value_of(ask(scene.pool(), "/last")).body == "last");
  CHECK(scene.pool().stats().open_sockets == 0);
  CHECK(scene.server().await([](const auto& now) { return now.connections_open == 0; }));
  CHECK(value_of(ask(scene.pool(), "/good")).body == "good");
  check_pool_invariants(scene.pool());
}

TEST_CASE("a flood of 500s opens no circuit and closes no socket") {
  const test::NothingLeftBehind nothing_left_behind;
  test::ManagedScene scene(test::quick(), [](const Request& request, Exchange& exchange) {
    exchange.reply(request.target == "/broken" ? 500 : 200);
  });
  REQUIRE(scene.is_warm());
  for (int i = 0; i < 500; ++i) CHECK(value_of(ask(scene.pool(), "/broken")).status == 500);
  const auto stats = scene.pool().stats();
  CHECK(scene.pool().health().up);
  CHECK(stats.circuit_transitions[index_of(CircuitState::open)] == 0);
  CHECK(scene.server().requests("/broken") == 500);
  CHECK(scene.server().counters().connections_accepted <= 2);
  CHECK(scene.log().count("level=warn") == 0);
  check_pool_invariants(scene.pool());
}
