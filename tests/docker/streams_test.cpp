#include "tidegauge/docker/streams.h"

#include <atomic>

#include "simulated_engine/simulated_engine.h"
#include "support/catch.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/temporary_directory.h"
#include "tidegauge/docker/client_manager.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/util/guarded.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;
using test::error_of;
using test::Exchange;
using test::value_of;

namespace {

/// Clients of whatever listens at a socket.
class Clients {
 public:
  explicit Clients(const std::string& socket_path)
      : endpoints_{{.name = "local", .address = {.path = socket_path}}},
        pools_(endpoints_, options_, http::make_curl_transport, log_.logger(), guard_),
        manager_(pools_, endpoints_, options_) {}

  docker::ClientManager& manager() { return manager_; }
  [[nodiscard]] model::PoolStats pool() { return pools_.pool("local").stats(); }

 private:
  config::PoolConfig options_;
  test::LogCapture log_;
  std::vector<config::EndpointConfig> endpoints_;
  ThreadGuard guard_{log_.logger()};
  pool::PoolManager pools_;
  docker::ClientManager manager_;
};

SteadyTime soon() {
  return steady_now() + 10s;
}

/// Serves one log, with a content type or without.
test::HttpServer::Handler log_server(std::string content_type, std::string bytes) {
  return [=](const test::Request& request, Exchange& exchange) {
    if (request.target == "/_ping") return void(exchange.reply(200, {{"Api-Version", "1.41"}}));
    if (request.target.contains("/json")) {
      return void(exchange.reply(200, {}, R"({"Id":"a","Config":{"Tty":true}})"));
    }
    test::Headers headers;
    if (!content_type.empty()) headers.emplace_back("Content-Type", content_type);
    exchange.begin_chunks(200, headers);
    exchange.chunk(bytes);
    exchange.end_chunks();
  };
}

std::string event_line(const std::string& action, const std::string& label = "") {
  return R"({"Type":"container","Action":")" + action +
         R"(","Actor":{"ID":"a","Attributes":{"l":")" + label + R"("}},"timeNano":1})" + "\n";
}

}  // namespace

TEST_CASE("events come as they happen, on a connection of their own") {
  const test::TemporaryDirectory directory;
  test::SimulatedEngine engine({.socket_path = directory.file("docker.sock"), .containers = 3});
  Clients clients(directory.file("docker.sock"));
  auto events = value_of(clients.manager().events("local"));
  CHECK(clients.pool().connections_stream == 1);
  engine.host().kill("web-1", 9);
  std::vector<std::string> actions;
  while (actions.empty() || actions.back() != "die") {
    const auto event = value_of(events.next(soon()));
    REQUIRE(event);
    CHECK(event->type == "container");
    actions.push_back(event->action);
  }
  CHECK(actions.front() == "kill");
  events.close();
  CHECK(clients.pool().connections_stream == 0);
}

TEST_CASE("past events are replayed from the requested time") {
  const test::TemporaryDirectory directory;
  test::SimulatedEngine engine({.socket_path = directory.file("docker.sock"), .containers = 3});
  Clients clients(directory.file("docker.sock"));
  std::optional<WallTime> stopped_at;
  {
    auto events = value_of(clients.manager().events("local"));
    engine.host().stop("web-1");
    stopped_at = value_of(events.next(soon()))->at;
  }
  auto again = value_of(clients.manager().events("local", {.since = stopped_at}));
  CHECK(value_of(again.next(soon()))->at == stopped_at);
}

TEST_CASE("events are requested since a time with all its digits") {
  const test::TemporaryDirectory directory;
  Guarded<std::string> events_target;
  const test::HttpServer server(
      directory.file("docker.sock"), [&](const test::Request& request, Exchange& exchange) {
        if (request.target.contains("/events")) {
          events_target.with([&](auto& target) { target = request.target; });
        }
        exchange.reply(200, {{"Api-Version", "1.41"}});
      });
  Clients clients(directory.file("docker.sock"));
  value_of(clients.manager().events("local", {.since = WallTime{5s + 7ns}}));
  const auto target = events_target.with([](const auto& sent) { return sent; });
  CHECK_THAT(target, contains("&since=5.000000007"));
}

TEST_CASE("a stream is opened in the version of an older Engine that replaces the Engine") {
  const test::TemporaryDirectory directory;
  std::atomic<bool> is_old = false;
  const test::HttpServer server(
      directory.file("docker.sock"), [&](const test::Request& request, Exchange& exchange) {
        if (request.target == "/_ping") {
          return void(exchange.reply(200, {{"Api-Version", is_old ? "1.40" : "1.43"}}));
        }
        if (is_old && request.target.starts_with("/v1.43/")) {
          return void(exchange.reply(400, {}, R"({"message":"client version 1.43 is too new"})"));
        }
        exchange.begin_chunks(200);
        exchange.hang();
      });
  Clients clients(directory.file("docker.sock"));
  value_of(clients.manager().ping("local"));
  is_old = true;
  value_of(clients.manager().events("local"));
  CHECK(clients.manager().api_version("local") == model::ApiVersion{1, 40});
}

TEST_CASE("an Engine that goes away ends its events as a lost connection") {
  const test::TemporaryDirectory directory;
  test::SimulatedEngine engine({.socket_path = directory.file("docker.sock"), .containers = 1});
  Clients clients(directory.file("docker.sock"));
  auto events = value_of(clients.manager().events("local"));
  engine.server().stop_listening(test::SocketFile::removed);
  engine.server().disconnect_all();
  const auto error = error_of(events.next(soon()));
  CHECK((error.code == Errc::connection_lost || error.code == Errc::engine_down));
  CHECK(clients.pool().connections_stream == 0);
}

TEST_CASE("an event longer than a megabyte is one error, and the events after it are read") {
  const test::TemporaryDirectory directory;
  const test::HttpServer server(directory.file("docker.sock"),
                                [](const test::Request& request, Exchange& exchange) {
                                  if (request.target == "/_ping") {
                                    return void(exchange.reply(200, {{"Api-Version", "1.41"}}));
                                  }
                                  exchange.begin_chunks(200);
                                  exchange.chunk(event_line("create", std::string(3'000'000, 'x')));
                                  exchange.chunk("what is no event\n\r\n\n");
                                  exchange.chunk(event_line("start"));
                                  exchange.chunk(event_line("die", std::string(1'000'000, 'x')));
                                  exchange.end_chunks();
                                });
  Clients clients(directory.file("docker.sock"));
  auto events = value_of(clients.manager().events("local"));
  const auto too_long = error_of(events.next(soon()));
  CHECK(too_long.code == Errc::bad_reply);
  CHECK(too_long.message == "events: a line of more than 1048576 bytes");
  CHECK_THAT(error_of(events.next(soon())).message, contains("events: not JSON"));
  CHECK(value_of(events.next(soon())).value().action == "start");
  CHECK(value_of(events.next(soon())).value().action == "die");
  CHECK_FALSE(value_of(events.next(soon())));
}

TEST_CASE("a log is multiplexed unless the Engine says, or the container shows, that it is not") {
  const test::TemporaryDirectory directory;
  const std::string frame("\2\0\0\0\0\0\0\3err", 11);
  const auto read_first = [&](const std::string& type, const std::string& bytes) {
    const test::HttpServer server(directory.file("docker.sock"), log_server(type, bytes));
    Clients clients(directory.file("docker.sock"));
    auto log = value_of(clients.manager().container_logs("local", "a", {.tail = 1}));
    auto first = value_of(log.next(soon()));
    CHECK_FALSE(value_of(log.next(soon())));
    return first.value();
  };
  const auto multiplexed = read_first("application/vnd.docker.multiplexed-stream", frame);
  CHECK(multiplexed.source == model::LogFrame::Source::error);
  CHECK(multiplexed.text == "err");
  CHECK(read_first("application/vnd.docker.raw-stream", "tty").text == "tty");
  CHECK(read_first("", "tty").source == model::LogFrame::Source::terminal);
}

TEST_CASE("the error of a refused log has the reason, and its slot is released") {
  const test::TemporaryDirectory directory;
  const test::HttpServer server(directory.file("docker.sock"), [](const test::Request& request,
                                                                  Exchange& exchange) {
    if (request.target == "/_ping") {
      return void(exchange.reply(200, {{"Api-Version", "1.41"}}));
    }
    exchange.reply(501, {}, R"({"message":"configured logging driver does not support reading"})");
  });
  Clients clients(directory.file("docker.sock"));
  const auto error = error_of(clients.manager().container_logs("local", "a"));
  CHECK(error.code == Errc::server_error);
  CHECK_THAT(error.message, contains("logging driver does not support reading"));
  CHECK(clients.pool().connections_stream == 0);
}

TEST_CASE("a log cut within a frame is no clean end") {
  const test::TemporaryDirectory directory;
  const test::HttpServer server(directory.file("docker.sock"),
                                log_server("application/vnd.docker.multiplexed-stream",
                                           std::string("\1\0\0\0\0\0\0\7abc", 11)));
  Clients clients(directory.file("docker.sock"));
  auto log = value_of(clients.manager().container_logs("local", "a"));
  CHECK(error_of(log.next(soon())).code == Errc::bad_reply);
}

TEST_CASE("a stream that is no log is one error, and is closed") {
  const test::TemporaryDirectory directory;
  const test::HttpServer server(
      directory.file("docker.sock"),
      log_server("application/vnd.docker.multiplexed-stream", "this is no header of a frame"));
  Clients clients(directory.file("docker.sock"));
  auto log = value_of(clients.manager().container_logs("local", "a"));
  CHECK(error_of(log.next(soon())).code == Errc::bad_reply);
  CHECK(error_of(log.next(soon())).code == Errc::closed);
  CHECK(clients.pool().connections_stream == 0);
}

TEST_CASE("the error of a refused stream has its path without a long query") {
  const test::TemporaryDirectory directory;
  const test::HttpServer server(directory.file("docker.sock"),
                                [](const test::Request& request, Exchange& exchange) {
                                  if (request.target == "/_ping") {
                                    return void(exchange.reply(200, {{"Api-Version", "1.41"}}));
                                  }
                                  exchange.reply(403, {}, "forbidden");
                                });
  Clients clients(directory.file("docker.sock"));
  const auto error = error_of(clients.manager().events("local", {.since = wall_now()}));
  CHECK(error.message == "GET /events: HTTP status 403: forbidden");
}
