#include "simulated_engine/simulated_engine.h"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.h"
#include "support/raw_client.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;
using test::EngineCall;
using test::FaultKind;
using test::RawClient;
using test::SimulatedEngine;
using test::TemporaryDirectory;

namespace {

class Json {
 public:
  explicit Json(const std::string& text) {
    document_.Parse(text.c_str());
    if (document_.HasParseError()) FAIL("not JSON: " << text);
  }

  /// By a JSON pointer, as "/State/Status"; it must be there.
  [[nodiscard]] const rapidjson::Value& at(const std::string& pointer) const {
    const auto* value = rapidjson::Pointer(pointer.c_str()).Get(document_);
    if (value == nullptr) FAIL(pointer << " is missing");
    return *value;
  }
  [[nodiscard]] std::string text(const std::string& pointer) const {
    return at(pointer).GetString();
  }
  [[nodiscard]] std::uint64_t number(const std::string& pointer) const {
    return at(pointer).GetUint64();
  }
  [[nodiscard]] bool has(const std::string& pointer) const {
    return rapidjson::Pointer(pointer.c_str()).Get(document_) != nullptr;
  }
  [[nodiscard]] std::size_t size() const { return document_.Size(); }

 private:
  rapidjson::Document document_;
};

/// An Engine whose clock stands still until it is moved, and a client of it.
class EngineUnderTest {
 public:
  explicit EngineUnderTest(std::size_t containers = 10)
      : engine({.socket_path = directory_.file("docker.sock"),
                .containers = containers,
                .clock = [this] { return start_ + passed.load(); }}) {}

  [[nodiscard]] RawClient connect() const { return RawClient(directory_.file("docker.sock")); }
  [[nodiscard]] RawClient::Reply get(std::string_view target) const {
    return connect().get(target);
  }
  [[nodiscard]] Json json(std::string_view target) const {
    const auto reply = get(target);
    CHECK(reply.status == 200);
    return Json(reply.body);
  }
  [[nodiscard]] int post(std::string_view target) const {
    auto client = connect();
    client.ask("POST", target);
    return client.read_reply().status;
  }

 private:
  TemporaryDirectory directory_;
  const WallTime start_ = WallTime(1'700'000'000s);

 public:
  std::atomic<std::chrono::nanoseconds> passed{0ns};
  SimulatedEngine engine;
};

constexpr std::string_view one_shot = "/stats?stream=false&one-shot=true";

std::string stats_of(std::string_view container) {
  return std::string("/containers/").append(container).append(one_shot);
}

}  // namespace

TEST_CASE("a ping says what the Engine is, with and without a body") {
  const EngineUnderTest docker;
  auto client = docker.connect();
  client.ask("HEAD", "/_ping");
  const auto head = client.read_head();
  CHECK_THAT(head, contains("HTTP/1.1 200 OK\r\n"));
  CHECK_THAT(head, contains("\r\nApi-Version: 1.41\r\n"));
  CHECK_THAT(head, contains("\r\nOstype: linux\r\n"));
  CHECK_THAT(head, contains("\r\nContent-Length: 0\r\n"));
  CHECK(client.get("/_ping").body == "OK");
}

TEST_CASE("version and info have the recorded fields") {
  const EngineUnderTest docker;
  const auto version = docker.json("/version");
  CHECK(version.text("/ApiVersion") == "1.41");
  CHECK(version.text("/MinAPIVersion") == "1.12");
  for (const auto* field : {"/Version", "/Os", "/Arch", "/KernelVersion"}) {
    CHECK_FALSE(version.text(field).empty());
  }
  const auto info = docker.json("/v1.41/info");
  for (const auto* field : {"/Name", "/OperatingSystem", "/DockerRootDir", "/Driver",
                            "/CgroupDriver", "/CgroupVersion"}) {
    CHECK_FALSE(info.text(field).empty());
  }
  CHECK(info.number("/NCPU") > 0);
  CHECK(info.number("/MemTotal") > 0);
  CHECK(info.number("/Containers") == 10);
  CHECK(info.number("/ContainersPaused") == 1);
}

TEST_CASE("versions of the API that it does not speak are refused in its words") {
  const EngineUnderTest docker;
  CHECK(docker.get("/v1.12/version").status == 200);
  const auto old = docker.get("/v1.11/containers/json");
  CHECK(old.status == 400);
  CHECK_THAT(old.head, contains("text/plain"));
  CHECK_THAT(old.body, contains("client version 1.11 is too old. Minimum supported API version"));
  const auto fresh = docker.get("/v1.42/containers/json");
  CHECK(fresh.status == 400);
  CHECK(fresh.body ==
        "{\"message\":\"client version 1.42 is too new. Maximum supported API "
        "version is 1.41\"}\n");
  CHECK(docker.get("/nonsense").body == "{\"message\":\"page not found\"}\n");
  CHECK(docker.get("/vX.Y/version").status == 404);
  CHECK(docker.post("/containers/json") == 404);
}

TEST_CASE("the list shows what runs, or all") {
  const EngineUnderTest docker;
  CHECK(docker.json("/containers/json").size() == 7);
  const auto all = docker.json("/containers/json?all=1");
  REQUIRE(all.size() == 10);
  CHECK(all.text("/9/Names/0") == "/web-1");
  CHECK(all.text("/9/Id").size() == 64);
  CHECK(all.text("/9/State") == "running");
  CHECK(all.text("/9/Status") == "Up About an hour");
  CHECK(all.text("/9/Labels/com.docker.compose.service") == "web");
  CHECK(all.text("/6/Status") == "Up About an hour (Paused)");
  CHECK_THAT(all.text("/5/Status"), contains("Exited (3) "));
  CHECK(all.text("/3/Status") == "Created");
  CHECK_THAT(all.text("/1/Status"), contains("(unhealthy)"));
}

TEST_CASE("an inspected container has every field that is read") {
  const EngineUnderTest docker;
  const auto web = docker.json("/containers/web-1/json");
  CHECK(web.text("/Name") == "/web-1");
  CHECK(web.text("/Config/Image") == "example/web:1.1");
  CHECK(web.text("/Config/Labels/com.docker.compose.project") == "shop");
  CHECK_FALSE(web.at("/Config/Tty").GetBool());
  CHECK(web.text("/State/Status") == "running");
  CHECK(web.text("/State/StartedAt") == "2023-11-14T21:13:20Z");
  CHECK(web.text("/State/FinishedAt") == "0001-01-01T00:00:00Z");
  CHECK(web.number("/State/Pid") > 0);
  CHECK(web.number("/State/ExitCode") == 0);
  CHECK_FALSE(web.at("/State/OOMKilled").GetBool());
  CHECK_FALSE(web.has("/State/Health"));
  CHECK(web.number("/RestartCount") == 0);
  CHECK(web.number("/HostConfig/Memory") == 536'870'912);
  CHECK(web.number("/HostConfig/NanoCpus") == 500'000'000);
  CHECK(web.number("/HostConfig/PidsLimit") == 100);
  for (const auto* field :
       {"CpuShares", "CpuPeriod", "CpuQuota", "MemoryReservation", "MemorySwap", "CgroupParent"}) {
    CHECK(web.has(std::string("/HostConfig/") + field));
  }
  const auto by_id = docker.get("/containers/" + web.text("/Id").substr(0, 12) + "/json");
  CHECK(Json(by_id.body).text("/Name") == "/web-1");
}

TEST_CASE("the states of other containers are told apart") {
  const EngineUnderTest docker;
  CHECK(docker.json("/containers/worker-1/json").number("/State/ExitCode") == 3);
  CHECK(docker.json("/containers/queue-1/json").at("/State/OOMKilled").GetBool());
  const auto created = docker.json("/containers/search-1/json");
  CHECK(created.text("/State/Status") == "created");
  CHECK(created.text("/State/StartedAt") == "0001-01-01T00:00:00Z");
  const auto unhealthy = docker.json("/containers/web-2/json");
  CHECK(unhealthy.text("/State/Health/Status") == "unhealthy");
  CHECK(unhealthy.number("/State/Health/FailingStreak") == 5);
  const auto looping = docker.json("/containers/api-2/json");
  CHECK(looping.at("/State/Restarting").GetBool());
  CHECK(looping.at("/State/Running").GetBool());
  CHECK(looping.number("/RestartCount") == 8);
}

TEST_CASE("stats have the recorded shape and move with time") {
  EngineUnderTest docker;
  const auto before = docker.json(stats_of("web-1"));
  docker.passed = 10s;
  const auto after = docker.json(stats_of("web-1"));
  CHECK(before.text("/read") == "2023-11-14T22:13:20Z");
  CHECK(after.text("/read") == "2023-11-14T22:13:30Z");
  for (const auto* counter :
       {"/cpu_stats/cpu_usage/total_usage", "/cpu_stats/cpu_usage/usage_in_usermode",
        "/cpu_stats/cpu_usage/usage_in_kernelmode", "/cpu_stats/system_cpu_usage",
        "/cpu_stats/throttling_data/periods", "/networks/eth0/rx_bytes",
        "/networks/eth0/rx_packets", "/networks/eth0/tx_bytes", "/networks/eth0/tx_packets",
        "/blkio_stats/io_service_bytes_recursive/1/value",
        "/blkio_stats/io_serviced_recursive/1/value", "/memory_stats/stats/total_pgfault"}) {
    INFO(counter);
    CHECK(after.number(counter) > before.number(counter));
  }
  CHECK(after.number("/memory_stats/usage") != before.number("/memory_stats/usage"));
  CHECK(after.number("/memory_stats/usage") < after.number("/memory_stats/limit"));
  CHECK(after.number("/pids_stats/limit") == 100);
  CHECK(after.number("/cpu_stats/online_cpus") == 4);
  CHECK(after.text("/blkio_stats/io_service_bytes_recursive/1/op") == "Write");
  for (const auto* field : {"total_rss", "total_cache", "total_inactive_file", "total_active_file",
                            "total_mapped_file", "total_pgmajfault"}) {
    CHECK(after.has(std::string("/memory_stats/stats/") + field));
  }
}

TEST_CASE("limits and networks that a container does not have are not shown") {
  EngineUnderTest docker;
  const auto unlimited = docker.json(stats_of("api-1"));
  CHECK_FALSE(unlimited.has("/pids_stats/limit"));
  CHECK(unlimited.number("/memory_stats/stats/hierarchical_memory_limit") ==
        9'223'372'036'854'771'712U);
  docker.engine.host().add({.name = "bare", .network_mode = "none"});
  docker.engine.host().start("bare");
  CHECK_FALSE(docker.json(stats_of("bare")).has("/networks"));
}

TEST_CASE("a stopped container has empty stats and a removed one none") {
  EngineUnderTest docker;
  const auto check_empty = [&](std::string_view name) {
    const auto stats = docker.json(stats_of(name));
    CHECK(stats.text("/read") == "0001-01-01T00:00:00Z");
    CHECK(stats.at("/memory_stats").ObjectEmpty());
    CHECK(stats.at("/blkio_stats/io_service_bytes_recursive").IsNull());
    CHECK_FALSE(stats.has("/networks"));
    CHECK_FALSE(stats.has("/cpu_stats/system_cpu_usage"));
  };
  for (const auto* name : {"worker-1", "search-1", "api-2"}) check_empty(name);
  docker.engine.host().stop("web-1");
  check_empty("web-1");
  docker.engine.host().remove("web-1");
  const auto gone = docker.get(stats_of("web-1"));
  CHECK(gone.status == 404);
  CHECK(gone.body == "{\"message\":\"No such container: web-1\"}\n");
}

TEST_CASE("text that needs escaping arrives as it was") {
  EngineUnderTest docker(0);
  const std::string odd = "\"quoted\" \\ a\xC3\xA7\xC3\xA3o\nline\ttab\x01 <&>";
  docker.engine.host().add({.name = "odd", .labels = {{odd, odd}}});
  const auto container = docker.json("/containers/odd/json");
  const auto labels = container.at("/Config/Labels").GetObject();
  REQUIRE(labels.MemberCount() == 1);
  CHECK(labels.MemberBegin()->name.GetString() == odd);
  CHECK(labels.MemberBegin()->value.GetString() == odd);
}

TEST_CASE("events are streamed as they happen, until the client leaves") {
  EngineUnderTest docker;
  auto client = docker.connect();
  client.ask("GET", "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D");
  CHECK_THAT(client.read_head(), contains("Transfer-Encoding: chunked"));
  docker.engine.host().exit("web-2", 3);
  const Json die(client.read_chunk());
  CHECK(die.text("/Type") == "container");
  CHECK(die.text("/Action") == "die");
  CHECK(die.text("/status") == "die");
  CHECK(die.text("/Actor/ID").size() == 64);
  CHECK(die.text("/Actor/Attributes/name") == "web-2");
  CHECK(die.text("/Actor/Attributes/exitCode") == "3");
  CHECK(die.number("/timeNano") >= 1'700'000'000'000'000'000U);
  docker.engine.host().start("web-2");
  CHECK(Json(client.read_chunk()).text("/Action") == "start");
  client.close();
  CHECK(docker.engine.server().await([](const auto& now) { return now.connections_open == 0; }));
}

TEST_CASE("remembered events are replayed between since and until, filtered") {
  EngineUnderTest docker;
  auto& host = docker.engine.host();
  docker.passed = 1s;
  host.pause("web-1");
  docker.passed = 2s;
  host.unpause("web-1");
  host.set_health("web-1", test::HealthStatus::healthy);
  docker.passed = 3s;
  host.pause("web-1");
  const auto lines = [&](const std::string& query) {
    const auto body = docker.get("/events?" + query).body;
    return std::ranges::count(body, '\n');
  };
  CHECK(lines("until=1700000003") == 4);
  CHECK(lines("since=1700000001.5&until=1700000002.000000001") == 2);
  CHECK(lines("since=1700000002&until=1700000003&filters={%22event%22:[%22health_status%22]}") ==
        1);
  CHECK(lines("until=1700000003&filters={%22container%22:[%22api-1%22]}") == 0);
  CHECK(lines("until=1700000003&filters={%22bogus%22:[%22x%22]}") == 4);
  CHECK(docker.get("/events?since=yesterday").status == 500);
  CHECK(docker.get("/events?filters=nonsense").status == 500);
}

TEST_CASE("an event stream breaks off without its final chunk when the Engine is killed") {
  EngineUnderTest docker;
  auto client = docker.connect();
  client.ask("GET", "/events");
  client.read_head();
  docker.engine.server().disconnect_all();
  CHECK_FALSE(client.read_some());
}

TEST_CASE("calls are counted by their kind") {
  const EngineUnderTest docker;
  CHECK(docker.get("/_ping").status == 200);
  CHECK(docker.get("/containers/json").status == 200);
  CHECK(docker.get("/v1.41/containers/json?all=1").status == 200);
  CHECK(docker.get("/containers/nope/json").status == 404);
  CHECK(docker.engine.calls(EngineCall::ping) == 1);
  CHECK(docker.engine.calls(EngineCall::list) == 2);
  CHECK(docker.engine.calls(EngineCall::inspect) == 1);
  CHECK(docker.engine.calls(EngineCall::stats) == 0);
}

TEST_CASE("a fault hits the call and container that it is for, and no other") {
  EngineUnderTest docker;
  docker.engine.set_fault(
      {.kind = FaultKind::error500, .call = EngineCall::stats, .container = "web-1"});
  CHECK(docker.get(stats_of("web-1")).status == 500);
  const auto id = docker.json("/containers/web-1/json").text("/Id");
  CHECK(docker.get(stats_of(id)).status == 500);
  CHECK(docker.get(stats_of("api-1")).status == 200);
  docker.engine.set_fault({.kind = FaultKind::error500});
  CHECK(docker.get("/_ping").status == 500);
  docker.engine.set_fault({.kind = FaultKind::none, .call = EngineCall::stats});
  CHECK(docker.get(stats_of("web-1")).status == 500);
  docker.engine.heal();
  CHECK(docker.get(stats_of("web-1")).status == 200);
}

TEST_CASE("each fault does what its name says") {
  EngineUnderTest docker;
  const auto break_ping = [&](FaultKind kind, Milliseconds pace = 1ms) {
    docker.engine.set_fault({.kind = kind, .pace = pace});
  };
  auto client = docker.connect();
  SECTION("delay") {
    break_ping(FaultKind::delay, 20ms);
    const auto asked = steady_now();
    CHECK(client.get("/_ping").body == "OK");
    CHECK(steady_now() - asked >= 20ms);
  }
  SECTION("hang") {
    break_ping(FaultKind::hang);
    client.ask("GET", "/_ping");
    const auto& server = docker.engine.server();
    CHECK(server.await([](const auto& now) { return now.requests == 1; }));
    client.close();
    CHECK(server.await([](const auto& now) { return now.connections_open == 0; }));
  }
  SECTION("close") {
    break_ping(FaultKind::close);
    client.ask("GET", "/containers/web-1/json");
    CHECK_THAT(client.read_head(), contains("200 OK"));
    std::string body;
    while (const auto more = client.read_some()) body += *more;
    CHECK(body.size() > 100);
    CHECK_THAT(body, !contains("NetworkSettings"));
    auto pinging = docker.connect();
    pinging.ask("HEAD", "/_ping");
    CHECK_THROWS_WITH(pinging.read_head(), contains("hung up"));
  }
  SECTION("garbage") {
    break_ping(FaultKind::garbage);
    client.ask("GET", "/_ping");
    CHECK_THAT(client.read_some().value_or(""), contains("not HTTP"));
    CHECK_FALSE(client.read_some());
  }
  SECTION("badjson") {
    break_ping(FaultKind::badjson);
    const auto reply = client.get("/info");
    CHECK(reply.status == 200);
    CHECK(rapidjson::Document().Parse(reply.body.c_str()).HasParseError());
  }
  SECTION("drip") {
    break_ping(FaultKind::drip);
    client.ask("GET", "/_ping");
    CHECK(client.read_some() == "H");
    CHECK(client.read_reply().body == "OK");
  }
}

TEST_CASE("everything can be commanded over HTTP") {
  const EngineUnderTest docker;
  CHECK(docker.post("/simulation/fault?kind=error500&call=inspect&container=api-1&ms=5") == 204);
  CHECK(docker.get("/containers/api-1/json").status == 500);
  CHECK(docker.get("/containers/web-1/json").status == 200);
  CHECK(docker.post("/simulation/fault?kind=none&call=all") == 204);
  CHECK(docker.get("/containers/api-1/json").status == 200);
  CHECK(docker.post("/simulation/fault?kind=nonsense") == 400);
  CHECK(docker.post("/simulation/fault?kind=hang&call=nonsense") == 400);

  CHECK(docker.post("/simulation/add?container=new") == 204);
  for (const auto* action : {"start", "pause", "unpause", "restart", "stop", "start", "oom"}) {
    INFO(action);
    CHECK(docker.post(std::string("/simulation/") + action + "?container=new") == 204);
  }
  CHECK(docker.json("/containers/new/json").at("/State/OOMKilled").GetBool());
  CHECK(docker.post("/simulation/start?container=new") == 204);
  CHECK(docker.post("/simulation/health?container=new&status=healthy") == 204);
  CHECK(docker.post("/simulation/exit?container=new&code=7") == 204);
  CHECK(docker.json("/containers/new/json").number("/State/ExitCode") == 7);
  CHECK(docker.post("/simulation/exit?container=new&code=7") == 409);
  CHECK(docker.post("/simulation/rename?container=new&to=other") == 204);
  CHECK(docker.post("/simulation/remove?container=new") == 404);
  CHECK(docker.post("/simulation/remove?container=other") == 204);
  CHECK(docker.post("/simulation/nonsense?container=web-1") == 400);
}

TEST_CASE("with a rate, things happen by themselves") {
  const TemporaryDirectory directory;
  const SimulatedEngine engine(
      {.socket_path = directory.file("s"), .containers = 10, .events_per_second = 500});
  RawClient client(directory.file("s"));
  client.ask("GET", "/events");
  client.read_head();
  for (int i = 0; i < 5; ++i) CHECK_FALSE(client.read_chunk().empty());
}
