#include "tidegauge/monitor/container_monitor.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "monitor/small_engine.h"
#include "monitor/watch.h"
#include "simulated_engine/simulated_engine.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/managed_scene.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/util/guarded.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::ContainerState;
using test::contains;
using test::EngineCall;
using test::eventually;
using test::Exchange;
using test::FaultKind;
using test::quick;
using test::Request;
using test::SmallEngine;
using test::SocketFile;
using test::unattended;
using test::Watch;

namespace {

/// A simulated Engine of ten containers, and a watch on it.
class Scene {
 public:
  explicit Scene(const config::PoolConfig& pool = unattended(),
                 const config::MonitorConfig& options = {})
      : engine_({.socket_path = directory_.file("docker.sock")}),
        watch_(directory_.file("docker.sock"), pool, options) {}

  test::SimulatedEngine& engine() { return engine_; }
  Watch& watch() { return watch_; }
  void kill_engine() {
    engine_.server().stop_listening(SocketFile::left);
    engine_.server().disconnect_all();
  }

 private:
  test::TemporaryDirectory directory_;
  test::SimulatedEngine engine_;
  Watch watch_;
};

std::vector<std::string> names_of(const model::EngineSnapshot& snapshot) {
  std::vector<std::string> names;
  for (const auto& record : snapshot.containers) names.push_back(record.container->name);
  return names;
}

const model::ContainerRecord& named(const model::EngineSnapshot& snapshot,
                                    const std::string& name) {
  const auto found = std::ranges::find(snapshot.containers, name,
                                       [](const auto& record) { return record.container->name; });
  if (found == snapshot.containers.end()) FAIL("no container " << name);
  return *found;
}

std::size_t with_stats(const model::EngineSnapshot& snapshot) {
  return static_cast<std::size_t>(std::ranges::count_if(
      snapshot.containers, [](const auto& record) { return record.stats != nullptr; }));
}

bool is_sample(const Request& request) {
  return request.target.contains("/stats");
}

}  // namespace

// --- one cycle ----------------------------------------------------------------------------------

TEST_CASE(
    "a cycle publishes every container, sorted by name, with version and info of the Engine") {
  Scene scene;
  const auto snapshot = scene.watch().run_once();
  CHECK(snapshot->up);
  CHECK(snapshot->endpoint == "local");
  CHECK(snapshot->down_reason.empty());
  CHECK(names_of(*snapshot) == std::vector<std::string>{"api-1", "api-2", "cache-1", "db-1",
                                                        "mail-1", "queue-1", "search-1", "web-1",
                                                        "web-2", "worker-1"});
  CHECK(snapshot->version->version == "20.10.24");
  CHECK(snapshot->info->cpus == test::SimulatedHost::cpus);
  CHECK(snapshot->negotiated_api_version == model::ApiVersion{1, 41});
  CHECK(wall_now() - snapshot->taken_at < 10s);
}

TEST_CASE("running and paused containers have statistics, and others have none") {
  Scene scene;
  const auto snapshot = scene.watch().run_once();
  for (const auto& record : snapshot->containers) {
    INFO(record.container->name << " is " << to_string(record.container->state));
    CHECK((record.stats != nullptr) == model::has_processes(record.container->state));
    CHECK(record.collect_errors == 0);
    CHECK(record.cgroup_path == "/docker/" + record.container->id);
  }
  CHECK(named(*snapshot, "cache-1").container->state == ContainerState::paused);
  CHECK(named(*snapshot, "worker-1").container->exit_code == 3);
  CHECK(named(*snapshot, "web-1").stats->memory->usage_bytes > 0);
  // Nobody asks for what there cannot be.
  CHECK(scene.engine().calls(EngineCall::stats) == with_stats(*snapshot));
}

TEST_CASE("each cycle shows changes since the last cycle") {
  Scene scene;
  scene.watch().run_once();
  scene.engine().host().stop("web-1");
  scene.engine().host().remove("worker-1");
  scene.engine().host().add({.name = "new-1"});
  const auto snapshot = scene.watch().run_once();
  CHECK(named(*snapshot, "web-1").container->state == ContainerState::exited);
  CHECK_FALSE(named(*snapshot, "web-1").stats);
  CHECK(named(*snapshot, "new-1").container->state == ContainerState::created);
  CHECK(std::ranges::count(names_of(*snapshot), "worker-1") == 0);
}

TEST_CASE("a container was last seen when it last ran, and never if it never ran") {
  Scene scene;
  const auto first = scene.watch().run_once();
  CHECK(wall_now() - *named(*first, "web-1").last_seen < 10s);
  CHECK_FALSE(named(*first, "worker-1").last_seen);  // it ended long ago
  CHECK_FALSE(named(*first, "search-1").last_seen);

  const auto second = scene.watch().run_once();
  CHECK(named(*second, "web-1").last_seen > named(*first, "web-1").last_seen);
  scene.engine().host().stop("web-1");
  const auto third = scene.watch().run_once();
  const auto web = named(*third, "web-1");
  CHECK(web.last_seen <=
        *web.container->finished_at + 5s);  // as near as the Engine's clock is known
  CHECK(web.last_seen >= *web.container->finished_at - 5s);
}

TEST_CASE("version and info are asked for once, and again after an outage") {
  Scene scene;
  for (int cycle = 0; cycle < 3; ++cycle) scene.watch().run_once();
  CHECK(scene.engine().calls(EngineCall::version) == 1);
  CHECK(scene.engine().calls(EngineCall::info) == 1);
  CHECK(scene.engine().calls(EngineCall::list) == 3);
  scene.kill_engine();
  CHECK_FALSE(scene.watch().run_once()->version);
  scene.engine().server().listen();
  REQUIRE(eventually([&] { return scene.watch().run_once()->up; }));
  CHECK(scene.engine().calls(EngineCall::version) >= 2);  // the pool's prober may ask as well
}

TEST_CASE("an Engine without containers is up and has none") {
  const SmallEngine engine({}, [](const auto&, auto&) { return false; });
  Watch watch(engine.socket_path(), unattended(), {});
  CHECK(watch.run_once()->up);
  CHECK(watch.snapshot()->containers.empty());
}

// --- one container fails ------------------------------------------------------------------------

TEST_CASE("failing statistics of a container are logged on each change, and cost only its own") {
  const auto kind = GENERATE(FaultKind::hang, FaultKind::badjson, FaultKind::error500);
  INFO(to_string(kind));
  auto pool = unattended();
  if (kind == FaultKind::hang) pool.call_timeout = 1500ms;
  Scene scene(pool);
  const auto running = with_stats(*scene.watch().run_once());

  scene.engine().set_fault({.kind = kind, .call = EngineCall::stats, .container = "web-1"});
  for (std::size_t cycle = 1; cycle <= 2; ++cycle) {
    const auto snapshot = scene.watch().run_once();
    CHECK(snapshot->up);
    CHECK(snapshot->containers.size() == 10);
    CHECK(with_stats(*snapshot) == running - 1);
    CHECK_FALSE(named(*snapshot, "web-1").stats);
    CHECK(named(*snapshot, "web-1").container->state == ContainerState::running);
    CHECK(named(*snapshot, "web-1").collect_errors == cycle);
    CHECK(scene.watch().reports().last().stats_errors == 1);
    CHECK(scene.watch().reports().last().inspect_errors == 0);
  }
  CHECK(scene.watch().log().count("container cannot be read") == 1);
  CHECK(scene.watch().log().count("container=web-1") == 1);

  scene.engine().heal();
  scene.watch().run_once();
  const auto healed = scene.watch().run_once();
  CHECK(with_stats(*healed) == running);
  CHECK(named(*healed, "web-1").collect_errors == 2);
  CHECK(scene.watch().reports().last().stats_errors == 0);
  CHECK(scene.watch().log().count("container can be read again") == 1);

  scene.engine().set_fault({.kind = kind, .call = EngineCall::stats, .container = "web-1"});
  scene.watch().run_once();
  CHECK(scene.watch().log().count("container cannot be read") == 2);
}

TEST_CASE("a container that cannot be inspected keeps its fields and takes the state of the list") {
  Scene scene;
  const auto before = scene.watch().run_once();
  scene.engine().set_fault(
      {.kind = FaultKind::error500, .call = EngineCall::inspect, .container = "web-1"});
  scene.engine().host().pause("web-1");
  const auto snapshot = scene.watch().run_once();
  const auto& container = *named(*snapshot, "web-1").container;
  CHECK(container.image == named(*before, "web-1").container->image);
  CHECK_FALSE(container.image.empty());
  CHECK(container.labels == named(*before, "web-1").container->labels);
  CHECK(container.state == ContainerState::paused);
  CHECK_FALSE(named(*snapshot, "web-1").stats);
  CHECK(named(*snapshot, "web-1").collect_errors == 1);
  CHECK(scene.watch().reports().last().inspect_errors == 1);
}

TEST_CASE("a container that could never be inspected has at least its name and state") {
  Scene scene;
  scene.engine().set_fault(
      {.kind = FaultKind::badjson, .call = EngineCall::inspect, .container = "web-1"});
  const auto snapshot = scene.watch().run_once();
  CHECK(snapshot->containers.size() == 10);
  CHECK(named(*snapshot, "web-1").container->state == ContainerState::running);
  CHECK(named(*snapshot, "web-1").container->id.size() == 64);
}

TEST_CASE("a container that is removed during the cycle is left off, and is no failure") {
  const auto* const last_call = GENERATE("/json", "/stats?stream=false&one-shot=true");
  const SmallEngine engine({"here", "gone"}, [&](const Request& request, Exchange& exchange) {
    if (!request.target.ends_with(std::string("/gone") + last_call)) return false;
    exchange.reply(404, {}, R"({"message":"No such container: gone"})");
    return true;
  });
  Watch watch(engine.socket_path(), unattended(), {});
  CHECK(names_of(*watch.run_once()) == std::vector<std::string>{"here"});
  CHECK(watch.reports().last().inspect_errors == 0);
  CHECK(watch.reports().last().stats_errors == 0);
  CHECK(watch.log().count("gone") == 0);
}

TEST_CASE("a label that is neither true nor false is logged once") {
  const SmallEngine engine({"web"}, [](const Request& request, Exchange& exchange) {
    if (SmallEngine::call_of(request) != "/containers/web/json") return false;
    exchange.reply(200, {},
                   R"({"Id":"web","Name":"/web","State":{"Status":"running"},)"
                   R"("Config":{"Labels":{"tidegauge.enable":"perhaps"}}})");
    return true;
  });
  Watch watch(engine.socket_path(), unattended(), {});
  for (int cycle = 0; cycle < 3; ++cycle) watch.run_once();
  CHECK(watch.log().count("label is ignored") == 1);
  CHECK(watch.log().count("value=perhaps") == 1);
  CHECK(watch.log().count("container=web container_id=web") == 1);
}

TEST_CASE("the calls in flight reach their limit and do not exceed it") {
  constexpr std::uint32_t allowed = 3;
  std::atomic<std::uint32_t> in_flight = 0;
  std::atomic<std::uint32_t> most = 0;
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) ids.push_back("c" + std::to_string(i));
  const SmallEngine engine(ids, [&](const Request& request, Exchange& exchange) {
    if (!request.target.contains("/containers/c")) return false;
    const auto now = ++in_flight;
    for (auto seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    // Until it was seen that so many come at once; and a little longer, for more to come.
    std::ignore = eventually([&] { return most >= allowed; }, 5s);
    exchange.wait(2ms);
    --in_flight;
    return false;
  });
  auto pool = unattended();
  pool.call_timeout = 20s;
  pool.max_connections = allowed;
  Watch watch(engine.socket_path(), pool, {.max_in_flight = allowed});
  CHECK(with_stats(*watch.run_once()) == ids.size());
  CHECK(most == allowed);
}

TEST_CASE("the limit of calls in flight grows if that brings more answers") {
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.push_back("c" + std::to_string(i));
  const SmallEngine engine(ids, [](const Request& request, Exchange& exchange) {
    if (is_sample(request)) exchange.wait(5ms);  // as many at a time as are asked for
    return false;
  });
  Watch watch(engine.socket_path(), unattended(), {.interval = 50ms, .max_in_flight = 1});
  const auto running = watch.run();
  CHECK(eventually([&] { return watch.snapshot()->max_in_flight > 1; }));
}

// --- the Engine fails ---------------------------------------------------------------------------

TEST_CASE("an Engine that is down is published with the reason and without containers") {
  Scene scene(quick());
  REQUIRE(scene.watch().run_once()->containers.size() == 10);
  scene.kill_engine();
  for (int cycle = 0; cycle < 5; ++cycle) {
    const auto snapshot = scene.watch().run_once();
    CHECK_FALSE(snapshot->up);
    CHECK(snapshot->containers.empty());
    CHECK_FALSE(snapshot->version);
    CHECK_FALSE(snapshot->down_reason.empty());
    CHECK(scene.watch().reports().last().list_errors == 1);
  }
  CHECK_THAT(scene.watch().snapshot()->down_reason, contains("nobody listens"));
  // The pool's, which it writes after it has told of the outage.
  CHECK(eventually([&] { return scene.watch().log().count("level=warn") == 1; }));

  scene.engine().server().listen();
  REQUIRE(eventually([&] { return scene.watch().run_once()->up; }));
  CHECK(scene.watch().snapshot()->containers.size() == 10);
  CHECK(scene.watch().snapshot()->down_reason.empty());
  CHECK(eventually([&] { return scene.watch().log().count("engine is up again") == 1; }));
}

TEST_CASE(
    "an Engine that answers everything but the list is down to us, and logged as it changes") {
  Scene scene;
  scene.engine().set_fault({.kind = FaultKind::error500, .call = EngineCall::list});
  for (int cycle = 0; cycle < 3; ++cycle) {
    const auto snapshot = scene.watch().run_once();
    CHECK_FALSE(snapshot->up);
    CHECK(snapshot->down_reason ==
          "GET /containers/json?all=1: HTTP status 500: simulated failure");
  }
  CHECK(scene.watch().log().count("containers cannot be watched") == 1);
  scene.engine().heal();
  CHECK(scene.watch().run_once()->up);
  scene.watch().run_once();
  CHECK(scene.watch().log().count("containers can be watched again") == 1);
}

TEST_CASE("an Engine that goes down within a cycle is published as down") {
  auto pool = quick();
  pool.call_timeout = 30s;
  Scene scene(pool);
  scene.engine().set_fault({.kind = FaultKind::hang, .call = EngineCall::stats});
  std::jthread cycle([&] { scene.watch().run_once(); });
  REQUIRE(eventually([&] { return scene.engine().calls(EngineCall::stats) > 0; }));
  scene.engine().server().freeze();
  cycle.join();
  CHECK_FALSE(scene.watch().snapshot()->up);
  CHECK(scene.watch().snapshot()->containers.empty());
  CHECK(scene.watch().log().count("container cannot be read") == 0);
  scene.engine().server().thaw();
}

TEST_CASE("an inspect that an outage ends is no failure of its container") {
  auto pool = quick();
  pool.call_timeout = 30s;
  Scene scene(pool);
  scene.watch().run_once();
  scene.engine().set_fault({.kind = FaultKind::hang, .call = EngineCall::inspect});
  const auto before = scene.engine().calls(EngineCall::inspect);
  std::jthread cycle([&] { scene.watch().run_once(); });
  REQUIRE(eventually([&] { return scene.engine().calls(EngineCall::inspect) > before; }));
  scene.engine().server().freeze();
  cycle.join();
  CHECK_FALSE(scene.watch().snapshot()->up);
  CHECK(scene.watch().reports().last().inspect_errors == 0);
  scene.engine().server().thaw();
}

TEST_CASE("calls about containers end when lists fail, until a list succeeds") {
  std::atomic<bool> lists = true;
  const SmallEngine engine({"web"}, [&](const Request& request, Exchange& exchange) {
    const auto call = SmallEngine::call_of(request);
    if (call == "/events") return exchange.reply(200, {}, {}), true;  // so that lists follow
    if (call == "/containers/json" && lists) return false;
    if (!call.ends_with("/json")) return false;
    exchange.reply(500, {}, R"({"message":"simulated failure"})");
    return true;
  });
  const auto inspects = [&] { return engine.calls("/containers/web/json"); };
  Watch watch(engine.socket_path(), unattended(), {.interval = 100ms});
  const auto running = watch.run();
  REQUIRE(eventually([&] { return inspects() >= 2; }));
  lists = false;
  REQUIRE(eventually([&] { return !watch.snapshot()->down_reason.empty(); }));
  const auto failed_lists = engine.calls("/containers/json");
  REQUIRE(eventually([&] { return engine.calls("/containers/json") >= failed_lists + 2; }));
  const auto before = inspects();
  REQUIRE(eventually([&] { return engine.calls("/containers/json") >= failed_lists + 12; }));
  CHECK(inspects() == before);
}

// --- cycle after cycle --------------------------------------------------------------------------

TEST_CASE("a container is sampled once an interval, never twice at the same time") {
  std::atomic<int> samples = 0;
  std::atomic<bool> overlapped = false;
  Guarded<std::vector<SteadyTime>> starts;
  const SmallEngine engine({"web"}, [&](const Request& request, Exchange& exchange) {
    if (!is_sample(request)) return false;
    starts.with([](auto& all) { all.push_back(steady_now()); });
    if (++samples > 1) overlapped = true;
    exchange.wait(30ms);
    --samples;
    return false;
  });
  Watch watch(engine.socket_path(), unattended(), {.interval = 50ms});
  const auto count = [&] { return starts.with([](const auto& all) { return all.size(); }); };
  const auto begin = steady_now();
  {
    const auto running = watch.run();
    REQUIRE(eventually([&] { return count() >= 9; }));
  }
  CHECK_FALSE(overlapped);
  const auto all = starts.with([](const auto& times) { return times; });
  CHECK(all.at(8) - begin >= 8 * 50ms);  // the first was taken at once
  CHECK(watch.reports().count() >= 7);
}

TEST_CASE("missed cycles are not repeated") {
  constexpr auto interval = 50ms;
  constexpr std::size_t cycles = 8;
  Guarded<std::vector<SteadyTime>> ends;
  const SmallEngine engine({"web"}, [](const Request&, Exchange&) { return false; });
  Watch watch(engine.socket_path(), unattended(), {.interval = interval});
  watch.reports().set_hook([&] {
    const bool first = ends.with([](auto& all) {
      all.push_back(steady_now());
      return all.size() == 1;
    });
    const auto end = steady_now() + 10 * interval;
    if (first) std::ignore = eventually([&] { return steady_now() >= end; });
  });
  {
    const auto running = watch.run();
    REQUIRE(eventually(
        [&] { return ends.with([&](const auto& all) { return all.size() >= 2 + cycles; }); }));
  }
  const auto all = ends.with([](const auto& times) { return times; });
  CHECK(all.at(1 + cycles) - all.at(1) >= (cycles - 2) * interval);
}

// An hour in which every interval is a thousandth of its default, and so 3.6 seconds. How long the
// pool keeps its connections is left as it is: to open another is no call.
TEST_CASE(
    "in the steady state an hour has its samples, pings, infos and few inspects, and nothing "
    "else") {
  constexpr auto interval = 10ms;
  constexpr auto reconcile_interval = 900ms;
  constexpr auto health_check_interval = 3ms;
  constexpr std::size_t cycles_of_an_hour = 360;
  Guarded<std::map<std::string, std::int64_t>> calls;
  const SmallEngine engine({"api", "db", "web"}, [&](const Request& request, Exchange& exchange) {
    const auto path = request.target.substr(0, request.target.find('?'));
    const auto end =
        path.ends_with("/_ping") ? path.find("/_ping") : std::string_view("/v1.41").size();
    calls.with([&](auto& all) { ++all[path.substr(end)]; });
    if (path.ends_with("/events") && exchange.begin_chunks(200)) exchange.hang();
    if (path.ends_with("/info")) exchange.reply(200, {}, R"({"Containers":3})");
    return path.ends_with("/events") || path.ends_with("/info");
  });
  Watch watch(engine.socket_path(), {.health_check_interval = health_check_interval},
              {.interval = interval, .reconcile_interval = reconcile_interval});
  const auto begin = steady_now();
  const auto count = [&](const std::string& path) {
    return calls.with([&](auto& all) { return all[path]; });
  };
  {
    const auto running = watch.run();
    REQUIRE(eventually(
        [&] { return watch.reports().count() >= cycles_of_an_hour && count("/info") >= 4; }, 60s));
  }
  const auto took = steady_now() - begin;
  const auto cycles = static_cast<std::int64_t>(watch.reports().count());
  auto all = calls.with([](const auto& counted) { return counted; });
  CHECK(std::exchange(all["/events"], 0) == 1);
  CHECK(std::exchange(all["/containers/json"], 0) == 1);
  CHECK(std::exchange(all["/version"], 0) == 1);
  CHECK(std::exchange(all["/info"], 0) <= 1 + took / reconcile_interval);
  CHECK(std::exchange(all["/_ping"], 0) <= 2 + took / (health_check_interval * 3 / 4));
  std::int64_t inspects_again = 0;
  for (const std::string id : {"api", "db", "web"}) {
    const auto samples = std::exchange(all["/containers/" + id + "/stats"], 0);
    CHECK(samples > 1);
    CHECK(samples <= 1 + cycles);  // the first as soon as it was inspected
    inspects_again += std::exchange(all["/containers/" + id + "/json"], 0) - 1;
  }
  CHECK(inspects_again <= 1 + took / 1s);
  for (const auto& [path, times] : all) CHECK(std::pair(path, times) == std::pair(path, 0L));
}

TEST_CASE("writable layers are measured only if the options ask for it") {
  Scene unasked;
  CHECK_FALSE(named(*unasked.watch().run_once(), "web-1").layer);
  CHECK(unasked.engine().calls(EngineCall::size) == 0);

  Scene scene(unattended(), {.filesystem_interval = 10s});
  const auto snapshot = scene.watch().run_once();
  for (const auto& record : snapshot->containers) {
    INFO(record.container->name);
    CHECK(record.layer.has_value() == model::has_processes(record.container->state));
  }
  CHECK(named(*snapshot, "web-1").layer->bytes > 1000);
  CHECK(wall_now() - named(*snapshot, "web-1").layer->measured_at < 10s);
}

TEST_CASE("a layer that takes too long to measure has no size, and is logged once") {
  auto options = unattended();
  options.list_timeout = 300ms;
  Scene scene(options, {.filesystem_interval = 1ms});
  scene.watch().run_once();
  scene.engine().set_fault(
      {.kind = FaultKind::hang, .call = EngineCall::size, .container = "web-1"});
  for (int cycle = 0; cycle < 3; ++cycle) {
    const auto snapshot = scene.watch().run_once();
    CHECK_FALSE(named(*snapshot, "web-1").layer);
    CHECK(named(*snapshot, "web-1").stats);
    CHECK_FALSE(named(*snapshot, "web-1").stuck);
    CHECK(named(*snapshot, "web-2").layer);
    CHECK(snapshot->up);
  }
  // Of others, a busy machine may measure one too late as well.
  CHECK(scene.watch().log().count("cannot be measured\" endpoint=local container=web-1 ") == 1);
  scene.engine().set_fault({.kind = FaultKind::none});
  CHECK(named(*scene.watch().run_once(), "web-1").layer);
}

TEST_CASE("first samples are taken at once, and later ones are spread over the interval") {
  std::vector<std::string> ids;
  for (int i = 0; i < 10; ++i) ids.push_back("c" + std::to_string(i));
  Guarded<std::vector<SteadyTime>> starts;
  const SmallEngine engine(ids, [&](const Request& request, Exchange&) {
    if (is_sample(request)) starts.with([](auto& all) { all.push_back(steady_now()); });
    return false;
  });
  constexpr Milliseconds interval{2'000};
  Watch watch(engine.socket_path(), unattended(), {.interval = interval});
  const auto begin = steady_now();
  {
    const auto running = watch.run();
    REQUIRE(eventually(
        [&] { return starts.with([](const auto& all) { return all.size() >= 20; }); }, 30s));
  }
  const auto all = starts.with([](const auto& times) { return times; });
  CHECK(all.at(9) - begin < interval);
  CHECK(all.at(19) - all.at(10) >= interval * 6 / 10);
  // A tenth of 0.8 intervals on a machine that is not busy.
  for (std::size_t i = 11; i < 20; ++i) CHECK(all.at(i) - all.at(i - 1) < interval / 4);
}

// --- events -------------------------------------------------------------------------------------

namespace {

/// Watches ten containers by their events alone: no cycle comes.
class EventScene {
 public:
  EventScene() : scene_(unattended(), {.interval = 1h}), running_(scene_.watch().run()) {
    REQUIRE(eventually([&] { return scene_.watch().snapshot()->up; }));
    REQUIRE(eventually([&] { return with_stats(*scene_.watch().snapshot()) == 6; }));
  }
  test::SimulatedEngine& engine() { return scene_.engine(); }
  Watch& watch() { return scene_.watch(); }
  /// Whether it will be so that `condition` holds of a container.
  template <class Condition>
  bool becomes(const std::string& name, const Condition& condition) {
    return eventually([&] {
      const auto snapshot = watch().snapshot();
      const auto found = std::ranges::find(
          snapshot->containers, name, [](const auto& record) { return record.container->name; });
      return found != snapshot->containers.end() && condition(*found);
    });
  }
  bool is_gone(const std::string& name) {
    return eventually([&] { return std::ranges::count(names_of(*watch().snapshot()), name) == 0; });
  }
  model::Lifecycle counts(const std::string& name) {
    const auto snapshot = watch().snapshot();
    for (const auto& [known, counts] : snapshot->lifecycles) {
      if (known == name) return counts;
    }
    FAIL("nothing was counted of " << name);
    return {};
  }

 private:
  Scene scene_;
  std::jthread running_;
};

}  // namespace

TEST_CASE(
    "a change of a container is published at once, after an inspect of that container alone") {
  EventScene scene;
  const auto lists = scene.engine().calls(EngineCall::list);
  const auto inspects = scene.engine().calls(EngineCall::inspect);
  auto& host = scene.engine().host();
  host.stop("web-1");
  CHECK(scene.becomes("web-1", [](const auto& record) {
    return record.container->state == ContainerState::exited && !record.stats;
  }));
  host.start("web-1");
  CHECK(scene.becomes("web-1", [](const auto& record) {
    return record.container->state == ContainerState::running && record.stats;
  }));
  host.rename("web-1", "front-1");
  CHECK(scene.becomes("front-1", [](const auto&) { return true; }));
  CHECK(scene.is_gone("web-1"));
  host.add({.name = "new-1"});
  CHECK(
      scene.becomes("new-1", [](const auto& record) { return !record.container->image.empty(); }));
  host.remove("worker-1");
  CHECK(scene.is_gone("worker-1"));
  CHECK(scene.engine().calls(EngineCall::list) == lists);
  CHECK(scene.engine().calls(EngineCall::inspect) <= inspects + 6);
  CHECK(scene.watch().snapshot()->inventory.drift == 0);
}

TEST_CASE("at most ten snapshots a second are published") {
  EventScene scene;
  std::set<WallTime> made;
  const auto begin = steady_now();
  while (steady_now() - begin < 500ms) {
    scene.engine().host().pause("web-2");
    scene.engine().host().unpause("web-2");
    made.insert(scene.watch().snapshot()->taken_at);
  }
  CHECK(made.size() > 1);
  CHECK(made.size() <= 2U + static_cast<std::size_t>((steady_now() - begin) / 100ms));
}

TEST_CASE("ends, restarts, OOM kills and changes of health are counted, also over a re-creation") {
  EventScene scene;
  auto& host = scene.engine().host();
  host.exit("web-1", 3);
  host.start("web-1");
  host.oom("web-1");
  host.start("web-1");
  host.stop("web-1");
  host.remove("web-1");
  host.add({.name = "web-1"});
  host.start("web-1");
  host.exit("web-1", 0);
  using enum model::EndCause;
  const auto completed_index = static_cast<std::size_t>(completed);
  REQUIRE(eventually([&] { return scene.counts("web-1").exits.at(completed_index) == 1; }));
  const auto counts = scene.counts("web-1");
  CHECK(counts.exits.at(static_cast<std::size_t>(error)) == 1);
  CHECK(counts.exits.at(static_cast<std::size_t>(oom)) == 1);
  CHECK(counts.exits.at(static_cast<std::size_t>(stopped)) == 1);
  CHECK(counts.restarts == 2);
  CHECK(counts.oom_events == 1);
  CHECK(counts.last_exit_at);
}

TEST_CASE("a container that is attached to a further network soon has its address there") {
  EventScene scene;
  scene.engine().host().attach("web-1", "back");
  CHECK(scene.becomes("web-1", [](const auto& record) {
    const auto& networks = record.container->attached_networks;
    return networks.size() == 2 && networks[0].name == "back" &&
           networks[0].ipv4_address == "172.28.5.3";
  }));
}

TEST_CASE("the stream of events is resumed after a cut, and no event is counted twice") {
  EventScene scene;
  auto& host = scene.engine().host();
  const auto failure = static_cast<std::size_t>(model::EndCause::error);
  for (std::uint64_t round = 1; round <= 20; ++round) {
    host.exit("web-1", 1);
    host.start("web-1");
    scene.engine().server().disconnect_all();
    host.exit("web-2", 1);  // while nobody listens
    host.start("web-2");
    const auto complete = [&](const std::string& name) {
      const auto counts = scene.counts(name);
      return counts.restarts >= round && counts.exits.at(failure) >= round;
    };
    REQUIRE(eventually([&] { return complete("web-1") && complete("web-2"); }));
  }
  for (const auto* const name : {"web-1", "web-2"}) {
    INFO(name);
    CHECK(scene.counts(name).restarts == 20);
    CHECK(scene.counts(name).exits.at(failure) == 20);
  }
  CHECK(scene.watch().snapshot()->inventory.streams_opened >= 20);
}

TEST_CASE("a list shows what more events have changed than the Engine remembers") {
  EventScene scene;
  auto& host = scene.engine().host();
  host.exit("web-1", 1);
  const auto failure = static_cast<std::size_t>(model::EndCause::error);
  REQUIRE(eventually([&] { return scene.counts("web-1").exits.at(failure) == 1; }));
  const auto lists = scene.engine().calls(EngineCall::list);
  scene.engine().server().freeze();
  host.stop("api-1");
  for (int i = 0; i < 300; ++i) {
    host.pause("web-2");
    host.unpause("web-2");
  }
  host.remove("worker-1");
  scene.engine().server().disconnect_all();
  scene.engine().server().thaw();
  CHECK(scene.is_gone("worker-1"));
  CHECK(scene.becomes("api-1", [](const auto& record) {
    return record.container->state == ContainerState::exited;
  }));
  REQUIRE(eventually([&] { return scene.counts("api-1").last_exit_at.has_value(); }));
  CHECK(scene.engine().calls(EngineCall::list) > lists);
}

TEST_CASE("a removed container stays as a ghost with its last state, without its statistics") {
  EventScene scene;
  scene.engine().host().exit("web-1", 9);
  scene.engine().host().remove("web-1");
  REQUIRE(scene.is_gone("web-1"));
  REQUIRE(eventually([&] { return scene.watch().snapshot()->ghosts.size() == 1; }));
  const auto ghost = scene.watch().snapshot()->ghosts.at(0);
  CHECK(ghost.container->name == "web-1");
  CHECK(ghost.container->exit_code == 9);
  CHECK(ghost.container->state == ContainerState::exited);
  CHECK(ghost.last_seen);
  CHECK_FALSE(ghost.stats);
}

TEST_CASE("an Engine is published only after each of its containers was inspected") {
  const SmallEngine engine({"quick", "slow"}, [](const Request& request, Exchange& exchange) {
    if (request.target.ends_with("/slow/json")) exchange.wait(300ms);
    return false;
  });
  Watch watch(engine.socket_path(), unattended(), {.interval = 1h});
  const auto running = watch.run();
  std::size_t shown_too_early = 0;
  REQUIRE(eventually([&] {
    const auto snapshot = watch.snapshot();
    if (!snapshot->up) shown_too_early += snapshot->containers.size();
    return snapshot->up;
  }));
  CHECK(shown_too_early == 0);
  CHECK(names_of(*watch.snapshot()) == std::vector<std::string>{"quick", "slow"});
}

TEST_CASE("a container whose calls hang does not delay the others") {
  EventScene scene;
  scene.engine().set_fault({.kind = FaultKind::hang, .container = "web-1"});
  scene.engine().host().stop("web-1");
  CHECK(scene.becomes("web-1", [](const auto& record) {  // the event says it
    return record.container->state == ContainerState::exited;
  }));
  scene.engine().host().stop("web-2");
  CHECK(scene.becomes("web-2", [](const auto& record) {
    return record.container->state == ContainerState::exited;
  }));
  scene.engine().host().add({.name = "new-1"});
  CHECK(scene.becomes("new-1", [](const auto& record) {  // only an inspect says it
    return record.container->created_at.has_value();
  }));
}

TEST_CASE("an Engine that goes down or comes back is published at once") {
  const bool killed = GENERATE(true, false);
  INFO((killed ? "killed" : "frozen"));
  Scene scene(quick(), {.interval = 1h});
  const auto running = scene.watch().run();
  REQUIRE(eventually([&] { return scene.watch().snapshot()->up; }));

  killed ? scene.kill_engine() : scene.engine().server().freeze();
  REQUIRE(eventually([&] { return !scene.watch().snapshot()->up; }));
  CHECK(scene.watch().snapshot()->containers.empty());
  CHECK_FALSE(scene.watch().snapshot()->down_reason.empty());

  CHECK(eventually([&] { return scene.watch().log().count("level=warn") == 1; }));  // the pool's

  killed ? scene.engine().server().listen() : scene.engine().server().thaw();
  REQUIRE(eventually([&] { return scene.watch().snapshot()->up; }));
  CHECK(scene.watch().snapshot()->containers.size() == 10);
}

TEST_CASE("a sample from before an outage is not published during the outage") {
  std::atomic<bool> asked = false;
  std::atomic<bool> down = false;
  const SmallEngine engine({"web"}, [&](const Request& request, Exchange& exchange) {
    if (is_sample(request)) {
      asked = true;
      std::ignore = eventually([&] { return down.load(); });
    }
    if (SmallEngine::call_of(request) == "/events") {  // it ends, so that the list is asked again
      exchange.reply(200, {}, {});
      return true;
    }
    if (!asked || !request.target.contains("/containers/json")) return false;
    exchange.reply(500, {}, R"({"message":"no more lists"})");
    return true;
  });
  Watch watch(engine.socket_path(), unattended(), {.interval = 500ms});
  const auto running = watch.run();
  REQUIRE(eventually([&] { return watch.snapshot()->down_reason.contains("no more lists"); }));
  const auto cycles = watch.reports().count();
  down = true;
  std::size_t shown = 0;
  REQUIRE(eventually([&] {
    shown += watch.snapshot()->containers.size();
    return watch.reports().count() >= cycles + 2;
  }));
  CHECK(shown == 0);
}

TEST_CASE("after an outage version, info and all samples are asked for again") {
  Scene scene(quick(), {.interval = 1h});
  const auto running = scene.watch().run();
  REQUIRE(eventually([&] { return with_stats(*scene.watch().snapshot()) == 6; }));
  scene.engine().host().exit("web-1", 1);  // an event that it will tell of again
  REQUIRE(eventually([&] { return with_stats(*scene.watch().snapshot()) == 5; }));
  scene.engine().server().freeze();
  REQUIRE(eventually([&] { return !scene.watch().snapshot()->up; }));
  scene.engine().server().thaw();
  REQUIRE(eventually([&] { return scene.watch().snapshot()->up; }));
  CHECK(scene.watch().snapshot()->version);
  CHECK(scene.watch().snapshot()->info);
  CHECK(eventually([&] { return with_stats(*scene.watch().snapshot()) == 5; }));
}

TEST_CASE("an Engine that starts later than the daemon is watched as soon as it listens") {
  const test::TemporaryDirectory directory;
  test::SimulatedEngine engine({.socket_path = directory.file("docker.sock")});
  engine.server().stop_listening(SocketFile::removed);
  Watch watch(directory.file("docker.sock"), quick(), {.interval = 1h});
  const auto running = watch.run();
  REQUIRE(eventually([&] { return watch.log().count("engine is down") == 1; }));
  REQUIRE(eventually([&] { return watch.snapshot()->down_reason.contains("no socket at"); }));
  CHECK_FALSE(watch.snapshot()->up);
  engine.server().listen();
  CHECK(eventually([&] { return watch.snapshot()->up; }));
}

TEST_CASE("an Engine whose lists fail is asked again after a pause") {
  Scene scene(quick(), {.interval = 1h});
  scene.engine().set_fault({.kind = FaultKind::error500, .call = EngineCall::list});
  const auto running = scene.watch().run();
  const auto pings = [&] { return scene.engine().calls(EngineCall::ping); };
  REQUIRE(eventually([&] { return scene.watch().snapshot()->down_reason.contains("500"); }));
  const auto before = pings();
  REQUIRE(eventually([&] { return pings() > before; }));
  CHECK(scene.engine().calls(EngineCall::list) == 2);
}

TEST_CASE("a snapshot is published once per interval, also without a change") {
  const bool is_up = GENERATE(true, false);
  const SmallEngine engine({}, [&](const auto& request, auto& exchange) {
    if (!is_up && request.target.contains("/containers/json")) exchange.reply(500, {}, "{}");
    return !is_up && request.target.contains("/containers/json");
  });
  Watch watch(engine.socket_path(), unattended(), {.interval = 100ms});
  const auto running = watch.run();
  const auto published_at = [&] { return watch.snapshot()->published_at; };
  for (int times = 0; times < 3; ++times) {
    const auto before = published_at();
    REQUIRE(eventually([&] { return published_at() != before; }));
    CHECK(published_at() > before);
  }
}

TEST_CASE("a stop ends watching at once, also while the Engine hangs") {
  const auto hanging = GENERATE(as<std::optional<EngineCall>>{}, std::nullopt, EngineCall::ping,
                                EngineCall::list, EngineCall::inspect, EngineCall::stats);
  Scene scene(unattended(), {.interval = 1h});
  if (hanging) scene.engine().set_fault({.kind = FaultKind::hang, .call = *hanging});
  auto running = scene.watch().run();
  REQUIRE(eventually(
      [&] { return hanging ? scene.engine().calls(*hanging) > 0 : scene.watch().snapshot()->up; }));
  const auto begin = steady_now();
  running.request_stop();
  running.join();
  CHECK(steady_now() - begin < 1500ms);  // the shortest limit of a call is 2 s
  // What was under way is not shown as though it were all.
  if (hanging && *hanging != EngineCall::stats) {
    CHECK(scene.watch().snapshot()->down_reason == "not asked yet");
  }
}
