#include "tidegauge/docker/pooled_client.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/pool/connection_pool.h"
#include "tidegauge/util/guarded.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::ApiVersion;
using model::Call;
using test::contains;
using test::error_of;
using test::Exchange;
using test::Headers;
using test::Request;
using test::value_of;

namespace {

using Failures = std::map<Errc, std::uint64_t>;

/// A server that says what a test wants of an Engine, and clients of it. Nobody else asks it
/// anything: nobody maintains the pool.
class ClientScene {
 public:
  explicit ClientScene(test::HttpServer::Handler engine, config::PoolConfig options = {})
      : path_(directory_.file("docker.sock")),
        options_(options),
        server_(
            path_,
            [this, engine = std::move(engine)](const Request& request, Exchange& exchange) {
              asked_.with([&](auto& all) { all.push_back(request.method + " " + request.target); });
              engine(request, exchange);
            }),
        pool_("local", {.path = path_}, options_, http::make_curl_transport({.path = path_}),
              log_.logger()),
        endpoint_("local") {}

  docker::PooledClient client(const std::stop_token& stop = {}) {
    return {value_of(pool_.get_connection()), std::make_shared<const config::PoolConfig>(options_),
            endpoint_, stop};
  }
  test::HttpServer& server() { return server_; }
  [[nodiscard]] std::optional<ApiVersion> api_version() const { return endpoint_.api_version(); }
  [[nodiscard]] model::CallStats calls(Call call) const {
    return endpoint_.stats().calls[static_cast<std::size_t>(call)];
  }
  /// What has come to the server, as "GET /v1.41/info", in its order.
  [[nodiscard]] std::vector<std::string> asked() const {
    return asked_.with([](const auto& all) { return all; });
  }

 private:
  test::TemporaryDirectory directory_;
  std::string path_;
  config::PoolConfig options_;
  test::LogCapture log_;
  Guarded<std::vector<std::string>> asked_;
  test::HttpServer server_;
  pool::ConnectionPool pool_;
  docker::EndpointState endpoint_;
};

/// Answers pings like an Engine that speaks `api_version`; everything else is for `rest`.
test::HttpServer::Handler engine_of(std::string api_version, test::HttpServer::Handler rest) {
  return [api_version = std::move(api_version), rest = std::move(rest)](const Request& request,
                                                                        Exchange& exchange) {
    if (request.target != "/_ping") return rest(request, exchange);
    exchange.reply(200, {{"Api-Version", api_version}}, "OK");
  };
}

constexpr std::string_view version_reply =
    R"({"Version":"20.10.24","ApiVersion":"1.41","MinAPIVersion":"1.12","Os":"linux",)"
    R"("Arch":"amd64","KernelVersion":"6.1.0"})";

/// Good answers to everything that is asked of it.
void answer(const Request& request, Exchange& exchange) {
  const auto& target = request.target;
  if (target.ends_with("/version")) {
    exchange.reply(200, {}, version_reply);
  } else if (target.ends_with("/info")) {
    exchange.reply(200, {}, R"({"Name":"host","NCPU":4,"CgroupDriver":"cgroupfs"})");
  } else if (target.ends_with("/containers/json?all=1")) {
    exchange.reply(200, {}, R"([{"Id":"abc","Names":["/web"],"State":"running"}])");
  } else if (target.ends_with("/json")) {
    exchange.reply(200, {}, R"({"Id":"abc","Name":"/web","State":{"Status":"running"}})");
  } else if (target.ends_with("/json?size=1")) {
    exchange.reply(200, {}, R"({"Id":"abc","SizeRw":1095,"SizeRootFs":7799993})");
  } else {
    exchange.reply(200, {}, R"({"read":"2026-11-23T05:54:19Z","memory_stats":{"usage":4096}})");
  }
}

/// An Engine of API 1.41 that answers every call but a ping with this.
test::HttpServer::Handler always(int status, std::string body) {
  return engine_of("1.41", [status, body = std::move(body)](const auto&, Exchange& exchange) {
    exchange.reply(status, {}, body);
  });
}

/// The error of a call to an Engine whose answer to it is this.
Error failure_of(int status, const std::string& body) {
  ClientScene scene(always(status, body));
  auto error = error_of(scene.client().container_inspect("web"));
  CHECK(scene.calls(Call::container_inspect).failures == Failures{{error.code, 1}});
  return error;
}

/// Hangs up in the middle of an answer.
void break_off(Exchange& exchange) {
  exchange.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Id\"");
  exchange.close();
}

/// Refuses every version of the API but this one, in the words of a real Engine.
test::HttpServer::Handler only(const std::string& version) {
  return [version](const Request& request, Exchange& exchange) {
    if (request.target.starts_with("/v" + version + "/")) return answer(request, exchange);
    exchange.reply(400, {},
                   R"({"message":"client version 1.45 is too new. )"
                   R"(Maximum supported API version is )" +
                       version + "\"}");
  };
}

}  // namespace

// --- agreeing on a version of the API ------------------------------------------------------------

TEST_CASE("the client agrees to the API version that the Engine offers, and uses it") {
  ClientScene scene(engine_of("1.41", answer));
  auto client = scene.client();
  CHECK(value_of(client.ping()) == ApiVersion{1, 41});
  CHECK(value_of(client.version()).version == "20.10.24");
  CHECK(scene.asked() == std::vector<std::string>{"HEAD /_ping", "GET /v1.41/version"});
  CHECK(scene.api_version() == ApiVersion{1, 41});
}

TEST_CASE(
    "an Engine that is newer than this program gets the newest version that this program speaks") {
  const auto* const offered = GENERATE("1.56", "1.100", "2.0");
  ClientScene scene(engine_of(offered, answer));
  auto client = scene.client();
  CHECK(value_of(client.ping()) == docker::newest_api_version);
  value_of(client.info());
  CHECK(scene.asked().back() == "GET /v" + to_string(docker::newest_api_version) + "/info");
}

TEST_CASE("the oldest supported version is accepted, and the error about an older one names both") {
  ClientScene oldest(engine_of("1.24", answer));
  CHECK(value_of(oldest.client().ping()) == ApiVersion{1, 24});

  ClientScene scene(engine_of("1.23", answer));
  const auto error = error_of(scene.client().container_list());
  CHECK(error.code == Errc::bad_reply);
  CHECK(error.message ==
        "the Engine speaks API 1.23, which is older than the oldest supported, 1.24");
  CHECK(scene.asked() == std::vector<std::string>{"HEAD /_ping"});
  CHECK_FALSE(scene.api_version());
  CHECK(scene.calls(Call::ping).failures == Failures{{Errc::bad_reply, 1}});
  CHECK(scene.calls(Call::container_list).requests == 0);
}

TEST_CASE("a server that answers without an API version is no Engine") {
  const auto headers =
      GENERATE(Headers{}, Headers{{"Api-Version", ""}}, Headers{{"Api-Version", "latest"}});
  ClientScene scene([&](const Request&, Exchange& exchange) { exchange.reply(200, headers); });
  const auto error = error_of(scene.client().info());
  CHECK(error.code == Errc::bad_reply);
  CHECK(error.message == "HEAD /_ping: no Api-Version in the answer: not a Docker Engine?");
  CHECK(scene.calls(Call::ping).failures == Failures{{Errc::bad_reply, 1}});
}

TEST_CASE("the version is agreed by GET if HEAD is refused") {
  const auto refusal = GENERATE(403, 404, 405, 501);
  ClientScene scene([&](const Request& request, Exchange& exchange) {
    if (request.method == "HEAD") return void(exchange.reply(refusal));
    engine_of("1.41", answer)(request, exchange);
  });
  CHECK(value_of(scene.client().ping()) == ApiVersion{1, 41});
  CHECK(scene.asked() == std::vector<std::string>{"HEAD /_ping", "GET /_ping"});
}

TEST_CASE("the version comes from /version if a proxy drops the header Api-Version") {
  ClientScene scene([](const Request& request, Exchange& exchange) {
    const bool is_version = request.target == "/version";
    exchange.reply(200, {}, is_version ? R"({"Version":"20.10.5","ApiVersion":"1.41"})" : "OK");
  });
  CHECK(value_of(scene.client().ping()) == ApiVersion{1, 41});
  CHECK(scene.asked() == std::vector<std::string>{"HEAD /_ping", "GET /version"});
}

TEST_CASE("a ping that is answered with an error fails, and the next call repeats it") {
  std::atomic<bool> broken = true;
  ClientScene scene([&](const Request& request, Exchange& exchange) {
    if (broken) return void(exchange.reply(503));
    engine_of("1.41", answer)(request, exchange);
  });
  auto client = scene.client();
  const auto error = error_of(client.info());
  CHECK(error.code == Errc::server_error);
  CHECK(error.message == "HEAD /_ping: HTTP status 503");
  broken = false;
  CHECK(value_of(client.info()).name == "host");
}

TEST_CASE("the version is agreed once for all clients of an endpoint") {
  ClientScene scene(engine_of("1.41", answer));
  value_of(scene.client().info());
  value_of(scene.client().info());
  CHECK(scene.calls(Call::ping).requests == 1);
  CHECK(scene.asked() ==
        std::vector<std::string>{"HEAD /_ping", "GET /v1.41/info", "GET /v1.41/info"});
}

TEST_CASE("the version is agreed again if an older Engine replaces the Engine") {
  std::atomic<bool> replaced = false;
  ClientScene scene([&](const Request& request, Exchange& exchange) {
    const std::string version = replaced ? "1.41" : "1.45";
    engine_of(version, only(version))(request, exchange);
  });
  auto client = scene.client();
  value_of(client.info());
  replaced = true;
  CHECK(value_of(client.container_list()).size() == 1);
  CHECK(scene.asked() == std::vector<std::string>{"HEAD /_ping", "GET /v1.45/info",
                                                  "GET /v1.45/containers/json?all=1", "HEAD /_ping",
                                                  "GET /v1.41/containers/json?all=1"});
  CHECK(scene.api_version() == ApiVersion{1, 41});
}

TEST_CASE("an Engine that refuses its own version gets two requests, not more") {
  ClientScene scene(engine_of("1.45", only("1.41")));
  const auto error = error_of(scene.client().info());
  CHECK(error.code == Errc::client_error);
  CHECK(error.message ==
        "GET /info: HTTP status 400: client version 1.45 is too new. Maximum supported API "
        "version is 1.41");
  CHECK(scene.asked() == std::vector<std::string>{"HEAD /_ping", "GET /v1.45/info", "HEAD /_ping",
                                                  "GET /v1.45/info"});
}

TEST_CASE("a refusal of anything but the version is not retried") {
  ClientScene scene(always(400, R"({"message":"bad parameter"})"));
  CHECK(error_of(scene.client().info()).message == "GET /info: HTTP status 400: bad parameter");
  CHECK(scene.calls(Call::info).requests == 1);
}

// --- calls and their answers ---------------------------------------------------------------------

TEST_CASE("every call has its own path and returns what the Engine sends there") {
  ClientScene scene(engine_of("1.41", answer));
  auto client = scene.client();
  CHECK(value_of(client.ping()) == ApiVersion{1, 41});
  CHECK(value_of(client.version()).kernel_version == "6.1.0");
  CHECK(value_of(client.info()).cpus == 4);
  CHECK(value_of(client.container_list()).at(0).name == "web");
  CHECK(value_of(client.container_inspect("abc")).name == "web");
  CHECK(value_of(client.container_stats("abc")).memory->usage_bytes == 4096);
  CHECK(value_of(client.container_size("abc")) == 1095);
  CHECK(scene.asked() == std::vector<std::string>{
                             "HEAD /_ping", "GET /v1.41/version", "GET /v1.41/info",
                             "GET /v1.41/containers/json?all=1", "GET /v1.41/containers/abc/json",
                             "GET /v1.41/containers/abc/stats?stream=false&one-shot=true",
                             "GET /v1.41/containers/abc/json?size=1"});
}

TEST_CASE("all calls of a client use its one connection") {
  ClientScene scene(engine_of("1.41", answer));
  auto client = scene.client();
  for (int i = 0; i < 5; ++i) value_of(client.info());
  CHECK(scene.server().counters().connections_accepted == 1);
}

TEST_CASE("the error of a failed status has the Engine's message and the call") {
  const auto gone = failure_of(404, R"({"message":"No such container: web"})");
  CHECK(gone.code == Errc::not_found);
  CHECK(gone.message == "GET /containers/web/json: HTTP status 404: No such container: web");

  const auto refused = failure_of(409, R"({"message":"container is being removed"})");
  CHECK(refused.code == Errc::client_error);
  CHECK_THAT(refused.message, contains("409: container is being removed"));

  const auto broken = failure_of(500, R"({"message":"layer does not exist"})");
  CHECK(broken.code == Errc::server_error);
  CHECK_THAT(broken.message, contains("500: layer does not exist"));
}

TEST_CASE("the error of a failed status has a plain message if there is one") {
  CHECK(failure_of(503, "").message == "GET /containers/web/json: HTTP status 503");
  CHECK_THAT(failure_of(502, "bad gateway\n<html>").message, contains("status 502: bad gateway"));
  CHECK_THAT(failure_of(502, "bad gateway\n<html>").message, !contains("html"));
}

TEST_CASE("a status that is neither success nor failure is a bad reply") {
  CHECK(failure_of(302, "").code == Errc::bad_reply);
}

TEST_CASE("an answer of another form fails, and the error has the place of the mistake") {
  const auto cut = failure_of(200, R"({"Id": "abc)");
  CHECK(cut.code == Errc::bad_reply);
  CHECK_THAT(cut.message, contains("GET /containers/web/json: not JSON at byte"));
  CHECK(failure_of(200, "[]").message == "GET /containers/web/json: not a JSON object");
  CHECK(failure_of(200, "").code == Errc::bad_reply);
}

TEST_CASE("an Engine that hangs up within an answer is a lost connection") {
  ClientScene scene(
      engine_of("1.41", [](const auto&, Exchange& exchange) { break_off(exchange); }));
  const auto error = error_of(scene.client().container_inspect("web"));
  CHECK(error.code == Errc::connection_lost);
  CHECK_THAT(error.message, contains("GET /v1.41/containers/web/json: "));
}

TEST_CASE("a client goes on after a call that failed") {
  std::atomic<bool> broken = true;
  ClientScene scene(engine_of("1.41", [&](const Request& request, Exchange& exchange) {
    if (!broken.exchange(false)) return answer(request, exchange);
    break_off(exchange);
  }));
  auto client = scene.client();
  CHECK_FALSE(client.container_inspect("abc"));
  CHECK(value_of(client.container_inspect("abc")).name == "web");
}

// --- counting ------------------------------------------------------------------------------------

TEST_CASE("calls are counted by kind, for all containers together") {
  ClientScene scene(engine_of("1.41", answer));
  auto client = scene.client();
  for (const auto* id : {"abc", "def", "ghi"}) value_of(client.container_inspect(id));
  value_of(client.container_stats("abc"));
  CHECK(scene.calls(Call::ping).requests == 1);
  CHECK(scene.calls(Call::container_inspect).requests == 3);
  CHECK(scene.calls(Call::container_inspect).duration.count() == 3);
  CHECK(scene.calls(Call::container_inspect).duration.sum_seconds() > 0);
  CHECK(scene.calls(Call::container_stats).requests == 1);
  CHECK(scene.calls(Call::container_list).requests == 0);
  CHECK(scene.calls(Call::container_inspect).failures.empty());
}

TEST_CASE("failures are counted by reason, and timed like successes") {
  std::atomic<int> turn = 0;
  ClientScene scene(engine_of("1.41", [&](const Request& request, Exchange& exchange) {
    const auto now = turn++;
    if (now < 2) return void(exchange.reply(404));
    if (now == 2) return void(exchange.reply(500));
    if (now == 3) return void(exchange.reply(200, {}, "garbage"));
    if (now == 5) return answer(request, exchange);
    break_off(exchange);
  }));
  auto client = scene.client();
  for (int i = 0; i < 6; ++i) std::ignore = client.container_stats("abc");
  const auto stats = scene.calls(Call::container_stats);
  CHECK(stats.requests == 6);
  CHECK(stats.duration.count() == 6);
  CHECK(stats.failures == Failures{{Errc::not_found, 2},
                                   {Errc::server_error, 1},
                                   {Errc::bad_reply, 1},
                                   {Errc::connection_lost, 1}});
}

// --- limits --------------------------------------------------------------------------------------

TEST_CASE("a ping, a list and any other call each have a limit of their own") {
  const config::PoolConfig options{
      .probe_timeout = 31ms, .list_timeout = 32ms, .call_timeout = 33ms};
  std::atomic<bool> hang = false;
  ClientScene scene(
      [&](const Request& request, Exchange& exchange) {
        if (hang) return exchange.hang();
        engine_of("1.41", answer)(request, exchange);
      },
      options);
  auto client = scene.client();
  REQUIRE(test::eventually([&] { return client.ping().has_value(); }));
  hang = true;
  CHECK_THAT(error_of(client.ping()).message, contains("within 31 ms"));
  CHECK_THAT(error_of(client.container_list()).message, contains("within 32 ms"));
  CHECK_THAT(error_of(client.container_size("abc")).message, contains("within 32 ms"));
  CHECK_THAT(error_of(client.info()).message, contains("within 33 ms"));
  CHECK_THAT(error_of(client.container_inspect("abc")).message, contains("within 33 ms"));
  const auto error = error_of(client.container_stats("abc"));
  CHECK(error.code == Errc::timeout);
  CHECK(error.message ==
        "GET /v1.41/containers/abc/stats?stream=false&one-shot=true: no complete answer within "
        "33 ms");
  CHECK(scene.calls(Call::container_stats).failures == Failures{{Errc::timeout, 1}});
}

TEST_CASE("a call in progress ends when its caller asks to stop") {
  ClientScene scene(engine_of("1.41", [](const auto&, Exchange& exchange) { exchange.hang(); }));
  std::stop_source stop;
  auto client = scene.client(stop.get_token());
  const std::jthread stopper([&] {
    scene.server().await(
        [](const auto& counters) { return counters.requests_by_target.contains("/v1.41/info"); });
    stop.request_stop();
  });
  const auto begin = steady_now();
  CHECK(error_of(client.info()).code == Errc::cancelled);
  CHECK(steady_now() - begin < 4s);  // its limit is 5 s
  CHECK(scene.calls(Call::info).failures == Failures{{Errc::cancelled, 1}});
}

TEST_CASE(
    "samples of Podman lack the values that Podman reports wrongly, and no other samples do") {
  const auto [server, networks] = GENERATE(table<std::string, std::size_t>(
      {{"Libpod/4.3.1 (linux)", 0}, {"Docker/20.10.24+dfsg1 (linux)", 1}, {"", 1}}));
  ClientScene scene([server_name = server](const Request& request, Exchange& exchange) {
    if (request.target == "/_ping") {
      exchange.reply(200, {{"Api-Version", "1.41"}});
    } else {
      exchange.reply(200, {{"Server", server_name}},
                     R"({"read":"2026-11-24T10:00:00Z","memory_stats":{"usage":1},)"
                     R"("networks":{"eth0":{"rx_bytes":1}}})");
    }
  });
  CHECK(value_of(scene.client().container_stats("web")).networks.size() == networks);
}

TEST_CASE("Podman's status for a container that has just gone means not_found") {
  ClientScene scene([](const Request& request, Exchange& exchange) {
    const auto status = request.target == "/_ping" ? 200 : 500;
    exchange.reply(status, {{"Api-Version", "1.41"}},
                   R"({"cause":"no such container","message":"gone","response":500})");
  });
  CHECK(error_of(scene.client().container_inspect("web")).code == Errc::not_found);
}

TEST_CASE("only status 400 refuses the API version") {
  ClientScene scene(always(500, R"({"message":"the client version of the image is unknown"})"));
  CHECK(error_of(scene.client().container_inspect("web")).code == Errc::server_error);
  CHECK(scene.asked() == std::vector<std::string>{"HEAD /_ping", "GET /v1.41/containers/web/json"});
}
