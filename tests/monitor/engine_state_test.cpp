#include "monitor/engine_state.h"

#include <atomic>
#include <thread>

#include "support/catch.h"
#include "support/eventually.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::CallKind;
using monitor::EngineState;
using monitor::InspectScope;
using monitor::Inventory;
using test::eventually;

namespace {

model::ContainerSummary listed(const std::string& name) {
  return {.id = name, .name = name, .state = model::ContainerState::running};
}

model::Container inspected(const std::string& name, std::optional<int> pid = 7) {
  model::Container container;
  container.id = container.name = name;
  container.state = model::ContainerState::running;
  container.pid = pid;
  container.started_at = wall_now() - 1h;
  return container;
}

model::Event die(const std::string& name) {
  model::Event event;
  event.type = "container";
  event.action = "die";
  event.id = name;
  event.at = wall_now();
  event.attributes = {{"name", name}};
  return event;
}

class Scene {
 public:
  explicit Scene(config::StatsChoice choice = config::StatsChoice::automatic)
      : options_{.stats_source = choice}, state_(options_) {}

  EngineState& state() { return state_; }
  EngineState* operator->() { return &state_; }
  std::uint64_t version(const std::string& id) {
    return state_.with_inventory([&](const Inventory& known) { return known.version(id).value(); });
  }
  EngineState::Inspected inspect(const model::Container& container) {
    return state_.apply_inspect(container.id, version(container.id), container);
  }
  /// One container, inspected, of an Engine that is up.
  void come_up() {
    CHECK(state_.apply_list({listed("web")}, InspectScope::all) == std::vector<std::string>{"web"});
    CHECK(inspect(inspected("web")).accepted);
    state_.set_up(state_.outages());
  }
  model::EngineSnapshot snapshot() {
    model::EngineSnapshot snapshot;
    state_.write_snapshot(snapshot, moment_now());
    return snapshot;
  }

 private:
  config::MonitorConfig options_;
  EngineState state_;
};

}  // namespace

TEST_CASE("an event calls for an inspect only while the Engine is up") {
  Scene scene;
  scene.come_up();
  const auto event = die("web");
  const auto first = scene->apply(event);
  CHECK(first.effect == Inventory::Effect::inspect);
  CHECK(first.inspect);
  CHECK(scene->apply(event).effect == Inventory::Effect::known);
  scene->set_down({Errc::unreachable, "gone"}, true);
  auto later = die("web");
  later.at += 1s;
  const auto second = scene->apply(later);
  CHECK(second.effect == Inventory::Effect::inspect);
  CHECK_FALSE(second.inspect);
}

TEST_CASE("a list says which containers to inspect: all, or those that have changed") {
  Scene scene;
  scene.come_up();
  CHECK(scene->apply_list({listed("web"), listed("db")}, InspectScope::changed) ==
        std::vector<std::string>{"db"});
  CHECK(scene->apply_list({listed("web"), listed("db")}, InspectScope::all) ==
        std::vector<std::string>{"db", "web"});
}

TEST_CASE("an answer from before an event is refused") {
  Scene scene;
  scene.come_up();
  const auto version = scene.version("web");
  scene->apply(die("web"));
  CHECK_FALSE(scene->apply_inspect("web", version, inspected("web")).accepted);
  CHECK(scene.inspect(inspected("web")).accepted);
}

TEST_CASE("a container without a pid is sampled by the Engine") {
  Scene scene;
  std::ignore = scene->apply_list({listed("web"), listed("db")}, InspectScope::all);
  CHECK_FALSE(scene.inspect(inspected("web")).sample_by_engine);
  CHECK(scene.inspect(inspected("db", std::nullopt)).sample_by_engine);
}

TEST_CASE("with the kernel as the only source the Engine takes no samples") {
  Scene scene(config::StatsChoice::kernel);
  std::ignore = scene->apply_list({listed("web")}, InspectScope::all);
  CHECK_FALSE(scene.inspect(inspected("web", std::nullopt)).sample_by_engine);
}

TEST_CASE("a sample of the Engine is refused after an outage and after a kernel sample") {
  Scene scene(config::StatsChoice::engine);
  scene.come_up();
  const auto sample = [] {
    auto stats = std::make_shared<model::ContainerStats>();
    stats->has_processes = true;
    return stats;
  };
  const auto outages = scene->outages();
  CHECK(scene->apply_engine_sample("web", sample(), outages));
  scene->set_down({Errc::unreachable, "gone"}, true);
  CHECK_FALSE(scene->apply_engine_sample("web", sample(), outages));
  scene->set_up(scene->outages());
  scene->with_inventory(
      [](Inventory& known) { known.set_source("web", model::StatsSource::kernel); });
  CHECK_FALSE(scene->apply_engine_sample("web", sample(), scene->outages()));
}

TEST_CASE("a call from before an outage does not set the Engine up") {
  Scene scene;
  const auto outages = scene->outages();
  scene->set_down({Errc::unreachable, "gone"}, true);
  CHECK_FALSE(scene->set_up(outages));
  CHECK_FALSE(scene->is_up());
  CHECK(scene->is_known_down());
  scene->set_up(scene->outages());
  CHECK(scene->is_up());
  CHECK_FALSE(scene->is_known_down());
}

TEST_CASE("a failure is logged once, and its end only if the failure was logged") {
  Scene scene;
  CHECK_FALSE(scene->set_down({Errc::unreachable, "the pool has logged it"}, false));
  CHECK_FALSE(scene->set_up(scene->outages()));
  CHECK(scene->set_down({Errc::unreachable, "a list fails"}, true));
  CHECK_FALSE(scene->set_down({Errc::unreachable, "a list fails"}, true));
  CHECK(scene->set_up(scene->outages()));
}

TEST_CASE("a cut connection from before an outage does not count after it") {
  Scene scene;
  scene.come_up();
  const auto is_reported = [&] {
    return scene->with_inventory([](Inventory& known) {
      const Error cut{Errc::connection_lost, "the Engine hung up"};
      return known.record_outcome("web", CallKind::inspect, cut, moment_now()).has_value();
    });
  };
  CHECK_FALSE(is_reported());
  scene->set_down({Errc::unreachable, "gone"}, true);
  scene->set_up(scene->outages());
  CHECK_FALSE(is_reported());
  CHECK(is_reported());
}

TEST_CASE("version and info are forgotten in an outage") {
  Scene scene;
  scene->record(model::EngineVersion{});
  scene->record(model::EngineInfo{.docker_root_dir = "/srv/docker"});
  CHECK(scene->has_version());
  CHECK(scene->has_info());
  CHECK(scene->root_directory() == "/srv/docker");
  scene->set_down({Errc::unreachable, "gone"}, true);
  CHECK_FALSE(scene->has_version());
  CHECK_FALSE(scene->has_info());
  CHECK_FALSE(scene->root_directory());
}

TEST_CASE("the Engine's own count contradicts an inventory of another size") {
  Scene scene;
  scene.come_up();
  CHECK_FALSE(scene->contradicts({.containers = 1}));
  CHECK(scene->contradicts({.containers = 2}));
  CHECK_FALSE(scene->contradicts({}));
}

TEST_CASE("runs are pending once after an event, a list and an inspect") {
  Scene scene;
  scene.come_up();
  const auto runs = scene->take_pending_runs();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].id == "web");
  REQUIRE(runs[0].run);
  CHECK(runs[0].run->pid == 7);
  CHECK(scene->take_pending_runs().empty());
  scene->apply(die("web"));
  const auto ended = scene->take_pending_runs();
  REQUIRE(ended.size() == 1);
  CHECK_FALSE(ended[0].run);
  std::ignore = scene->apply_list({listed("web")}, InspectScope::changed);
  CHECK(scene->take_pending_runs().size() == 1);
}

TEST_CASE("no runs are pending without kernel samples") {
  Scene scene(config::StatsChoice::engine);
  scene.come_up();
  CHECK(scene->take_pending_runs().empty());
}

TEST_CASE("nothing is published before the Engine is known to be up or down") {
  Scene scene;
  scene->mark_changed();
  CHECK_FALSE(scene->take_changed());
  SECTION("up") {
    scene->set_up(0);
  }
  SECTION("down") {
    scene->set_down({Errc::unreachable, "gone"}, true);
  }
  scene->mark_changed();
  CHECK(scene->take_changed());
  CHECK_FALSE(scene->take_changed());
}

TEST_CASE("a change, pending runs, the deadline and a stop each end a wait") {
  Scene scene;
  scene->set_up(0);
  std::stop_source stop;
  std::atomic<bool> ended = false;
  const bool for_changes = GENERATE(true, false);
  std::thread waiting([&] {
    scene->wait(SteadyTime::max(), for_changes, stop.get_token());
    ended = true;
  });
  if (for_changes) {
    scene->mark_changed();
  } else if (GENERATE(true, false)) {
    scene->apply(die("web"));
    scene->mark_changed();
  } else {
    scene->mark_changed();  // which this wait is not for
    stop.request_stop();
  }
  CHECK(eventually([&] { return ended.load(); }));
  stop.request_stop();
  waiting.join();
  scene->wait(steady_now() - 1s, true, {});
}

TEST_CASE("the wait for inspects ends when each container has been asked about") {
  Scene scene;
  std::ignore = scene->apply_list({listed("web")}, InspectScope::all);
  std::atomic<bool> ended = false;
  std::thread waiting([&] {
    scene->await_inspects(SteadyTime::max(), {});
    ended = true;
  });
  scene->with_inventory([](Inventory& known) {
    known.record_outcome("web", CallKind::inspect, Error{Errc::bad_reply, ""}, moment_now());
  });
  scene->mark_changed();
  CHECK(eventually([&] { return ended.load(); }));
  waiting.join();
}

TEST_CASE("a snapshot shows why the Engine is down, and Podman's lifecycles without OOM events") {
  Scene scene;
  scene->record(model::EngineVersion{.is_podman = true});
  scene.come_up();
  const auto up = scene.snapshot();
  CHECK(up.up);
  REQUIRE(up.lifecycles.size() == 1);
  CHECK_FALSE(up.lifecycles[0].second.oom_events);
  scene->set_down({Errc::unreachable, "connection refused"}, true);
  const auto down = scene.snapshot();
  CHECK_FALSE(down.up);
  CHECK(down.down_reason == "connection refused");
  CHECK(down.lifecycles.empty());
}
