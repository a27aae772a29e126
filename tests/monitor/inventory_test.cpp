#include "monitor/inventory.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::Container;
using model::ContainerState;
using model::EndCause;
using monitor::CallKind;
using monitor::Inventory;

namespace {

constexpr WallTime start_of_time{1'795'424'400s};

/// An inventory, a clock, and an Engine that tells it things.
class Scene {
 public:
  explicit Scene(config::MonitorConfig options = {})
      : options_(std::move(options)), inventory_(options_) {}

  Inventory& inventory() { return inventory_; }
  std::vector<std::string> reconfigure(const std::function<void(config::MonitorConfig&)>& change) {
    change(options_);
    return inventory_.options_changed(moment());
  }
  [[nodiscard]] WallTime now() const { return now_; }
  void pass(std::chrono::nanoseconds time) { now_ += time; }
  /// This machine's wall clock is set.
  void set_wall_clock(std::chrono::nanoseconds by) { wall_ahead_ += by; }
  /// The Engine's clock is set.
  void set_engine_clock(std::chrono::nanoseconds by) { engine_ahead_ += by; }
  [[nodiscard]] WallTime engine_now() const { return now_ + engine_ahead_; }
  /// By this machine's clocks.
  [[nodiscard]] SteadyTime steady() const { return SteadyTime{now_ - start_of_time + 1h}; }
  [[nodiscard]] Moment moment() const { return {.steady = steady(), .wall = now_ + wall_ahead_}; }

  /// An event, a millisecond after the one before.
  Inventory::Effect tell(const std::string& action, const std::string& id,
                         const std::string& exit_code = {}, std::string name = {}) {
    now_ += 1ms;
    model::Event event{.type = "container", .action = action, .id = id, .at = engine_now()};
    if (!exit_code.empty()) event.attributes.emplace_back("exitCode", exit_code);
    event.attributes.emplace_back("name", name.empty() ? id : std::move(name));
    last_ = event;
    return inventory_.apply(event, moment());
  }
  Inventory::Effect tell_of_rename(const std::string& id, const std::string& from,
                                   const std::string& to) {
    now_ += 1ms;
    last_ = {.type = "container",
             .action = "rename",
             .id = id,
             .at = engine_now(),
             .attributes = {{"name", to}, {"oldName", "/" + from}}};
    return inventory_.apply(last_, moment());
  }
  Inventory::Effect tell_of_network(const std::string& action, const std::string& container) {
    now_ += 1ms;
    last_ = {.type = "network",
             .action = action,
             .id = "bridge",
             .at = engine_now(),
             .attributes = {{"container", container}, {"name", "bridge"}}};
    return inventory_.apply(last_, moment());
  }
  /// Likewise, of a container that has a label.
  Inventory::Effect tell_of(const std::string& id, const std::string& action,
                            const std::pair<std::string, std::string>& label) {
    now_ += 1ms;
    last_ = {.type = "container",
             .action = action,
             .id = id,
             .at = engine_now(),
             .attributes = {{"image", "busybox"}, {"name", id}, label}};
    return inventory_.apply(last_, moment());
  }
  [[nodiscard]] const model::Event& last() const { return last_; }

  void list(const std::vector<std::string>& running) {
    std::vector<std::pair<std::string, std::string>> named;
    for (const auto& id : running) named.emplace_back(id, id);
    list_named(named);
  }
  /// Likewise, as id and name.
  void list_named(const std::vector<std::pair<std::string, std::string>>& running) {
    std::vector<model::ContainerSummary> all;
    for (const auto& [id, name] : running) {
      all.push_back({.id = id, .name = name, .state = ContainerState::running});
    }
    inventory_.resync(all, moment());
  }
  /// What an inspect shows of a running container.
  [[nodiscard]] static Container running(const std::string& id, WallTime started_at) {
    Container container;
    container.id = container.name = id;
    container.image = "busybox";
    container.state = ContainerState::running;
    container.started_at = started_at;
    return container;
  }
  bool inspect(const Container& container) {
    return inventory_.record_inspected(container.id, inventory_.version(container.id).value(),
                                       container, moment());
  }

  [[nodiscard]] model::EngineSnapshot snapshot() {
    model::EngineSnapshot snapshot;
    snapshot.up = true;
    inventory_.write_snapshot(snapshot, moment());
    return snapshot;
  }
  [[nodiscard]] std::optional<model::Lifecycle> counts(const std::string& name) {
    const auto current = snapshot();
    for (const auto& [known, counts] : current.lifecycles) {
      if (known == name) return counts;
    }
    return std::nullopt;
  }
  /// Once all ends are decided.
  [[nodiscard]] std::uint64_t exits(const std::string& name, EndCause cause) {
    auto later = moment();
    later.steady += 10s;
    std::ignore = inventory_.take_due(later);
    return counts(name).value().exits.at(static_cast<std::size_t>(cause));
  }

 private:
  config::MonitorConfig options_;
  Inventory inventory_;
  WallTime now_ = start_of_time;
  std::chrono::nanoseconds wall_ahead_{};
  std::chrono::nanoseconds engine_ahead_{};
  model::Event last_;
};

}  // namespace

TEST_CASE("a new run has no pid until an inspect shows it") {
  Scene scene;
  scene.list({"web"});
  CHECK_FALSE(scene.inventory().run_of("web"));
  auto container = Scene::running("web", scene.now());
  container.pid = 7;
  REQUIRE(scene.inspect(container));
  REQUIRE(scene.inventory().run_of("web"));
  CHECK(scene.inventory().run_of("web")->pid == 7);
  CHECK(scene.inventory().run_of("web")->started_at == scene.now());

  scene.tell("start", "web");  // the event of its end was lost
  CHECK_FALSE(scene.inventory().run_of("web"));
  container.pid = 8;
  container.started_at = scene.now();
  REQUIRE(scene.inspect(container));
  CHECK(scene.inventory().run_of("web").value().pid == 8);
  scene.tell("die", "web", "0");
  CHECK_FALSE(scene.inventory().run_of("web"));
  CHECK_FALSE(scene.inventory().run_of("unknown"));
}

TEST_CASE("an inspect with an earlier end does not replace the end of an event") {
  Scene scene;
  scene.list({"web"});
  auto container = Scene::running("web", scene.now());
  REQUIRE(scene.inspect(container));
  scene.tell("die", "web", "0");
  const auto ended = scene.now();
  container.state = ContainerState::exited;
  container.finished_at = ended - 1s;
  REQUIRE(scene.inspect(container));
  CHECK(scene.snapshot().containers.at(0).last_seen == ended);
}

TEST_CASE("the health of a new run with a check is \"starting\" until an event or an inspect") {
  Scene scene;
  scene.list({"checked", "plain"});
  auto checked = Scene::running("checked", scene.now());
  checked.health = model::Health::unhealthy;
  REQUIRE(scene.inspect(checked));
  REQUIRE(scene.inspect(Scene::running("plain", scene.now())));
  scene.tell("start", "checked");
  scene.tell("start", "plain");
  const auto containers = scene.snapshot().containers;  // by name
  CHECK(containers.at(0).container->health == model::Health::starting);
  CHECK(containers.at(1).container->health == model::Health::none);
}

TEST_CASE("updates and creations call for an inspect, and requested actions do not") {
  Scene scene;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  for (const auto* const action : {"update", "create", "start", "die"}) {
    CHECK(scene.tell(action, "web", "0") == Inventory::Effect::inspect);
  }
  for (const auto* const action : {"kill", "stop", "restart", "oom", "exec_start"}) {
    CHECK(scene.tell(action, "web") == Inventory::Effect::none);
  }
}

TEST_CASE("a loop of crashes is counted in full, however far an inspect is ahead of the events") {
  Scene scene;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now() - 1h)));
  for (int i = 0; i < 100; ++i) {
    scene.tell("die", "web", "1");
    auto ahead = Scene::running("web", scene.now() + 300us);
    ahead.finished_at = scene.now() + 200us;
    REQUIRE(scene.inspect(ahead));
    scene.tell("start", "web");
  }
  CHECK(scene.counts("web")->restarts == 100);
  CHECK(scene.exits("web", EndCause::error) == 100);
}

TEST_CASE("the first start of a container is no restart") {
  Scene scene;
  scene.tell("create", "web");
  scene.tell("start", "web");
  CHECK(scene.counts("web")->restarts == 0);
  scene.tell("die", "web", "0");
  scene.tell("start", "web");
  CHECK(scene.counts("web")->restarts == 1);
}

TEST_CASE("ends are counted by cause") {
  Scene scene;
  scene.tell("create", "web");
  for (const auto* const code : {"0", "1", "125", "126", "127", "137", "143", "139", "255"}) {
    scene.tell("start", "web");
    scene.tell("die", "web", code);
  }
  CHECK(scene.exits("web", EndCause::completed) == 1);
  CHECK(scene.exits("web", EndCause::error) == 5);
  CHECK(scene.exits("web", EndCause::signal) == 3);
}

TEST_CASE("an end without a readable exit code takes the code of the inspect") {
  const auto* const code = GENERATE("", "137x", "99999999999", "1.0");
  Scene scene;
  const auto started_at = scene.now() - 1h;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", started_at)));
  scene.tell("die", "web", code);
  CHECK(scene.exits("web", EndCause::completed) == 0);
  CHECK_FALSE(scene.snapshot().containers.at(0).container->exit_code);
  auto ended = Scene::running("web", started_at);
  ended.state = ContainerState::exited;
  ended.exit_code = 137;
  ended.finished_at = scene.now();
  REQUIRE(scene.inspect(ended));
  CHECK(scene.exits("web", EndCause::signal) == 1);
}

TEST_CASE(
    "an inspect of a container that has ended counts although its networks are disconnected") {
  Scene scene;
  const auto started_at = scene.now() - 1h;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", started_at)));
  scene.tell("die", "web", "1");
  const auto version = scene.inventory().version("web");
  scene.tell_of_network("disconnect", "web");
  CHECK(scene.inventory().version("web") == version);
}

TEST_CASE("a running container is inspected when it is attached to a further network") {
  Scene scene;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now() - 1h)));
  CHECK(scene.tell_of_network("connect", "web") == Inventory::Effect::inspect);
  // Disconnected, it may be about to end, and the event of its end is to come first.
  CHECK(scene.tell_of_network("disconnect", "web") == Inventory::Effect::none);
  scene.tell("die", "web", "0");
  CHECK(scene.tell_of_network("connect", "web") == Inventory::Effect::none);
}

TEST_CASE("a start that fails is an end, told by networks, and inspected for its reason") {
  Scene scene;
  scene.tell("create", "web");
  auto created = Scene::running("web", scene.now());
  created.state = ContainerState::created;
  created.started_at.reset();
  REQUIRE(scene.inspect(created));
  scene.tell_of_network("connect", "web");
  scene.tell_of_network("disconnect", "web");
  CHECK(scene.inventory().take_due(scene.moment()).to_inspect == std::vector<std::string>{"web"});
  auto failed = created;
  failed.exit_code = 127;
  failed.start_error = "no such file";
  REQUIRE(scene.inspect(failed));
  REQUIRE(scene.inspect(failed));
  CHECK(scene.exits("web", EndCause::not_started) == 1);
  SECTION("and it fails again") {
    scene.tell_of_network("connect", "web");
    scene.tell_of_network("disconnect", "web");
    REQUIRE(scene.inspect(failed));
    CHECK(scene.exits("web", EndCause::not_started) == 2);
  }
  SECTION("and the Engine forgets it before it is inspected") {
    scene.tell_of_network("connect", "web");
    scene.tell_of_network("disconnect", "web");
    scene.tell("destroy", "web");
    CHECK(scene.exits("web", EndCause::unknown) == 1);
  }
}

TEST_CASE("a new container that has not started is inspected two seconds later") {
  Scene scene;
  scene.tell("create", "web");
  CHECK(scene.inventory().next_due() == scene.steady() + 2s);
  scene.pass(2s);
  CHECK(scene.inventory().take_due(scene.moment()).to_inspect == std::vector<std::string>{"web"});
  CHECK_FALSE(scene.inventory().next_due());
}

TEST_CASE("the counters of an earlier daemon go on when a container has the name") {
  Scene scene({.counters_kept_for = 10min});
  model::Lifecycle counted{.counted_since = scene.now() - 1h, .restarts = 7};
  scene.inventory().restore({.ends = {},
                             .lifecycles = {{"web", counted}, {"gone", counted}},
                             .followed_until = scene.now() - 1min},
                            scene.moment());
  // What has happened since is told, and nothing is told again.
  CHECK(scene.inventory().follow_from() == scene.now() - 1min + 1ns);
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now() - 1h)));
  scene.tell("die", "web", "1");
  scene.tell("start", "web");
  CHECK(scene.counts("web")->restarts == 8);
  CHECK(scene.counts("web")->counted_since == counted.counted_since);
  CHECK(scene.counts("gone")->restarts == 7);
  scene.pass(11min);
  CHECK_FALSE(scene.counts("gone"));
}

TEST_CASE("a container that is gone after a gap has ended, and nobody knows why") {
  Scene scene;
  scene.list({"web", "db"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now() - 1h)));
  scene.list({"db"});
  CHECK(scene.exits("web", EndCause::unknown) == 1);
}

TEST_CASE("an end that an inspect finds after the Engine was gone has come with the Engine") {
  Scene scene;
  const auto started_at = scene.now() - 1h;
  scene.list({"web"});
  scene.inventory().record_engine_time(scene.now(), scene.steady());
  REQUIRE(scene.inspect(Scene::running("web", started_at)));
  scene.inventory().engine_gone(scene.steady());
  auto ended = Scene::running("web", started_at);
  ended.state = ContainerState::exited;
  ended.exit_code = 137;
  const bool long_after = GENERATE(false, true);
  ended.finished_at = scene.now() + 1s;
  scene.pass(2s);
  scene.inventory().engine_up(scene.steady());
  if (long_after) {
    scene.pass(1min);
    ended.finished_at = scene.now();
  }
  scene.list({"web"});
  REQUIRE(scene.inspect(ended));
  CHECK(scene.exits("web", long_after ? EndCause::unknown : EndCause::engine) == 1);
}

TEST_CASE("an end that came with the Engine may be found after the next outage") {
  Scene scene;
  const auto started_at = scene.now() - 1h;
  scene.list({"web"});
  scene.inventory().record_engine_time(scene.now(), scene.steady());
  REQUIRE(scene.inspect(Scene::running("web", started_at)));
  auto ended = Scene::running("web", started_at);
  ended.state = ContainerState::exited;
  ended.exit_code = 137;
  ended.finished_at = scene.now() + 1s;
  for (int outage = 0; outage < 2; ++outage) {
    scene.inventory().engine_gone(scene.steady());
    scene.pass(2s);
    scene.inventory().engine_up(scene.steady());
    scene.pass(1min);
  }
  scene.list({"web"});
  REQUIRE(scene.inspect(ended));
  CHECK(scene.exits("web", EndCause::engine) == 1);
}

TEST_CASE("a successor of the Engine tells what it has stopped before it was up, and since") {
  Scene scene;
  const auto started_at = scene.now() - 1h;
  scene.list({"web"});
  scene.inventory().record_engine_time(scene.now(), scene.steady());
  REQUIRE(scene.inspect(Scene::running("web", started_at)));
  scene.inventory().engine_gone(scene.steady());
  scene.pass(1s);
  const bool is_up_before = GENERATE(false, true);
  const auto come_up = [&] {
    scene.inventory().engine_up(scene.steady());
    scene.pass(1s);
  };
  if (is_up_before) come_up();
  const auto die_at = scene.now();
  if (!is_up_before) {
    scene.pass(1s);
    come_up();
  }
  scene.set_engine_clock(die_at - scene.now());  // the events are from then
  scene.tell("die", "web", "0");
  scene.tell("stop", "web");
  scene.set_engine_clock(0s);
  scene.pass(3s);
  CHECK(scene.exits("web", is_up_before ? EndCause::stopped : EndCause::engine) == 1);
}

TEST_CASE("a run that an Engine has started does not end with the Engine before it") {
  Scene scene;
  scene.list({});
  scene.inventory().record_engine_time(scene.now(), scene.steady());
  scene.inventory().engine_gone(scene.steady());
  scene.pass(2s);
  scene.tell("create", "web");
  scene.tell("start", "web");
  scene.inventory().engine_gone(scene.steady());  // the same outage, seen once more
  scene.tell_of("web", "kill", {"signal", "9"});
  scene.tell("die", "web", "137");
  CHECK(scene.exits("web", EndCause::killed) == 1);
}

TEST_CASE("a repeated event is counted once") {
  Scene scene;
  scene.tell("create", "web");
  scene.tell("start", "web");
  scene.tell("die", "web", "1");
  CHECK(scene.inventory().apply(scene.last(), scene.moment()) == Inventory::Effect::known);
  CHECK(scene.exits("web", EndCause::error) == 1);
}

TEST_CASE("an inspect that is older than the last event is refused") {
  Scene scene;
  scene.tell("create", "web");
  const auto version = scene.inventory().version("web").value();
  scene.tell("start", "web");
  auto old = Scene::running("web", scene.now());
  old.state = ContainerState::created;
  CHECK_FALSE(scene.inventory().record_inspected("web", version, old, scene.moment()));
  CHECK(scene.snapshot().containers.at(0).container->state == ContainerState::running);
}

TEST_CASE("a restart without an event is counted after a list, and its late event is not") {
  Scene scene;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now() - 1h)));
  scene.pass(1min);
  scene.list({"web"});
  auto restarted = Scene::running("web", scene.now() - 1ms);
  restarted.restart_count = 3;
  REQUIRE(scene.inspect(restarted));
  CHECK(scene.counts("web")->restarts == 3);
  scene.tell("start", "web");
  CHECK(scene.counts("web")->restarts == 3);
}

TEST_CASE("a change of health without the new health, as Podman's, calls for an inspect") {
  Scene scene;
  scene.list({"web"});
  auto healthy = Scene::running("web", scene.now());
  healthy.health = model::Health::healthy;
  REQUIRE(scene.inspect(healthy));
  CHECK(scene.tell("health_status", "web") == Inventory::Effect::inspect);
  CHECK(scene.counts("web")->health_transitions ==
        decltype(model::Lifecycle::health_transitions){});
}

TEST_CASE("an end by lack of memory is counted once, however late its events are") {
  Scene scene;
  scene.list({"web"});
  const auto started_at = scene.now() - 1h;
  REQUIRE(scene.inspect(Scene::running("web", started_at)));
  const auto events_told = GENERATE(0, 1);
  if (events_told > 0) scene.tell("oom", "web");
  scene.list({"web"});
  auto ended = Scene::running("web", started_at);
  ended.state = ContainerState::exited;
  ended.exit_code = 137;
  ended.oom_killed = true;
  ended.finished_at = scene.now();
  REQUIRE(scene.inspect(ended));
  scene.pass(5s);
  if (events_told == 0) scene.tell("oom", "web");
  scene.tell("die", "web", "137");
  CHECK(scene.exits("web", EndCause::host_oom) == 1);  // it has no limit of its own
  CHECK(scene.counts("web")->oom_events == 1U);
  scene.tell("start", "web");
  scene.pass(1s);
  scene.tell("oom", "web");
  scene.tell("die", "web", "137");
  CHECK(scene.exits("web", EndCause::host_oom) == 2);
  CHECK(scene.counts("web")->oom_events == 2U);
}

TEST_CASE("a sample tells whose memory limit was hit, unless it does not count all hits") {
  struct Case {
    bool is_v2;
    bool has_swap;
    std::uint64_t hits;
    EndCause cause;
  };
  const auto [is_v2, has_swap, hits, cause] =
      GENERATE(as<Case>{}, Case{false, true, 0, EndCause::host_oom},
               Case{false, true, 1, EndCause::oom}, Case{false, false, 1, EndCause::oom},
               Case{true, false, 0, EndCause::host_oom}, Case{true, false, 1, EndCause::oom},
               // The hit of the limit of memory and swap together, which nobody counts.
               Case{false, false, 0, EndCause::oom});
  Scene scene;
  scene.list({"web"});
  auto web = Scene::running("web", scene.now());
  web.limits.memory_bytes = 16UL << 20U;
  web.limits.memory_swap_bytes = *web.limits.memory_bytes * (has_swap ? 2 : 1);
  REQUIRE(scene.inspect(web));
  const auto sample = [&](std::uint64_t count) {
    auto stats = std::make_shared<model::ContainerStats>();
    auto& memory = stats->memory.emplace();
    (is_v2 ? memory.events.oom : memory.fail_count) = count;
    scene.inventory().record_sampled("web", std::move(stats));
  };
  sample(0);
  scene.tell("oom", "web");
  sample(hits);
  scene.tell("die", "web", "137");
  CHECK(scene.exits("web", cause) == 1);
}

TEST_CASE("an end without an event is counted after a list") {
  Scene scene;
  const auto started_at = scene.now() - 1h;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", started_at)));
  scene.pass(1min);
  scene.list({"web"});
  auto ended = Scene::running("web", started_at);
  ended.state = ContainerState::exited;
  ended.exit_code = 137;
  ended.oom_killed = true;
  ended.finished_at = scene.now() - 1s;
  REQUIRE(scene.inspect(ended));
  CHECK(scene.exits("web", EndCause::unknown) == 1);
  CHECK(scene.counts("web")->oom_events == 1);
}

TEST_CASE("a sample has throttling only with a quota, as the Engine sends zeros without one") {
  const bool limited = GENERATE(true, false);
  Scene scene;
  scene.list({"web"});
  auto web = Scene::running("web", scene.now());
  if (limited) web.limits.cpu_quota_us = 50'000;
  REQUIRE(scene.inspect(web));
  model::ContainerStats stats;
  stats.cpu.emplace().throttling = model::CpuStats::Throttling{};
  stats.memory.emplace();
  scene.inventory().record_sampled("web", std::make_shared<model::ContainerStats>(stats));
  const auto shown = scene.snapshot().containers.at(0).stats;
  REQUIRE(shown);
  CHECK(shown->cpu->throttling.has_value() == limited);
}

TEST_CASE("a sample without processes is dropped, because the container has stopped") {
  Scene scene;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  scene.inventory().record_sampled("web", std::make_shared<model::ContainerStats>(
                                              model::ContainerStats{.has_processes = false}));
  CHECK_FALSE(scene.snapshot().containers.at(0).stats);
}

TEST_CASE("a sample without memory keeps its other values") {
  Scene scene;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  model::ContainerStats stats;
  stats.pids = 3;
  scene.inventory().record_sampled("web", std::make_shared<model::ContainerStats>(stats));
  REQUIRE(scene.snapshot().containers.at(0).stats);
  CHECK(scene.snapshot().containers.at(0).stats->pids == 3);
}

TEST_CASE("a container that is not on a list is removed, and counts as drift") {
  Scene scene;
  scene.list({"api", "web"});
  CHECK(scene.snapshot().inventory.drift == 0);
  scene.list({"web", "worker"});
  CHECK(scene.inventory().ids_to_inspect() == std::vector<std::string>{"web", "worker"});
  CHECK(scene.snapshot().inventory.drift == 2);
}

TEST_CASE("a rename moves the counters to the new name") {
  Scene scene;
  scene.tell("create", "id", {}, "web");
  scene.tell("start", "id", {}, "web");
  scene.tell("die", "id", "1", "web");
  scene.tell("rename", "id", {}, "front");
  CHECK(scene.exits("front", EndCause::error) == 1);
  CHECK_FALSE(scene.counts("web"));
  CHECK(scene.snapshot().containers.at(0).container->name == "front");
}

TEST_CASE("counters go on if a new container gets a name that was freed by a rename") {
  Scene scene;
  scene.tell("create", "old", {}, "web");
  scene.tell("start", "old", {}, "web");
  scene.tell("create", "new", {}, "1a2b_web");
  scene.tell("die", "old", "137", "web");
  scene.tell("destroy", "old", {}, "web");
  scene.tell("rename", "new", {}, "web");
  scene.tell("start", "new", {}, "web");
  scene.tell("die", "new", "1", "web");
  CHECK(scene.exits("web", EndCause::signal) == 1);
  CHECK(scene.exits("web", EndCause::error) == 1);
  CHECK_FALSE(scene.counts("1a2b_web"));
  scene.pass(10h);
  CHECK(scene.exits("web", EndCause::signal) == 1);
}

TEST_CASE("counters move with a rename that a list shows before the first event") {
  Scene scene;
  scene.tell("create", "old", {}, "web");
  scene.tell("start", "old", {}, "web");
  scene.tell("die", "old", "137", "web");
  scene.tell("destroy", "old", {}, "web");
  scene.list_named({{"new", "front"}, {"newer", "web"}});
  scene.tell("create", "new", {}, "web");
  scene.tell("start", "new", {}, "web");
  scene.tell("die", "new", "1", "web");
  scene.tell_of_rename("new", "web", "front");
  scene.tell("create", "newer", {}, "web");
  scene.tell("start", "newer", {}, "web");
  scene.tell("die", "newer", "0", "web");
  CHECK(scene.exits("front", EndCause::signal) == 1);
  CHECK(scene.exits("front", EndCause::error) == 1);
  CHECK(scene.exits("web", EndCause::signal) == 0);
  CHECK(scene.exits("web", EndCause::completed) == 1);
}

TEST_CASE("counters move with a rename that is the first event of a container") {
  Scene scene;
  scene.list_named({{"id", "web"}});
  const auto old_name = GENERATE(as<std::string>{}, "web", "");  // Podman does not tell
  CAPTURE(old_name);
  if (old_name.empty()) {
    scene.tell("rename", "id", {}, "front");
  } else {
    scene.tell_of_rename("id", old_name, "front");
  }
  CHECK(scene.counts("front"));
  CHECK_FALSE(scene.counts("web"));
}

TEST_CASE("the counters of a name are kept for a time after its container was removed") {
  Scene scene({.counters_kept_for = 10min});
  const auto live = [&](const std::string& id) {
    scene.tell("create", id, {}, "web");
    scene.tell("start", id, {}, "web");
    scene.tell("die", id, "1", "web");
    scene.tell("destroy", id, {}, "web");
  };
  live("first");
  scene.pass(9min);
  live("second");
  CHECK(scene.exits("web", EndCause::error) == 2);
  scene.pass(11min);
  CHECK_FALSE(scene.counts("web"));
}

TEST_CASE("a ghost is shown for its window, unless a container takes its name") {
  Scene scene({.ghost_window = 1min});
  const auto live = [&](const std::string& id) {
    scene.tell("create", id, {}, id + "-name");
    scene.tell("start", id, {}, id + "-name");
    scene.tell("die", id, "1", id + "-name");
    scene.tell("destroy", id, {}, id + "-name");
  };
  live("a");
  live("b");
  REQUIRE(scene.snapshot().ghosts.size() == 2);
  CHECK(scene.snapshot().ghosts.at(0).container->exit_code == 1);
  scene.tell("create", "c", {}, "a-name");
  CHECK(scene.snapshot().ghosts.size() == 1);
  scene.pass(2min);
  CHECK(scene.snapshot().ghosts.empty());
}

TEST_CASE("a ghost has the state exited, whatever its state during the removal was") {
  Scene scene;
  scene.tell("create", "web");
  scene.tell("start", "web");
  scene.tell("die", "web", "137");
  auto removing = Scene::running("web", scene.now());
  removing.state = ContainerState::removing;
  REQUIRE(scene.inspect(removing));
  scene.tell("destroy", "web");
  CHECK(scene.snapshot().ghosts.at(0).container->state == ContainerState::exited);
}

TEST_CASE("there are no ghosts without a window, and none of containers that never ran") {
  const auto window = GENERATE(as<Milliseconds>{}, 0ms, 1min);
  Scene scene({.ghost_window = window});
  scene.tell("create", "web");
  if (window.count() == 0) scene.tell("start", "web");
  scene.tell("destroy", "web");
  CHECK(scene.snapshot().ghosts.empty());
}

TEST_CASE("the numbers of ghosts and of retired names are bounded") {
  Scene scene;
  for (int i = 0; i < 12'000; ++i) {
    const auto id = std::to_string(i);
    scene.tell("create", id);
    scene.tell("start", id);
    scene.tell("destroy", id);
  }
  const auto snapshot = scene.snapshot();
  CHECK(snapshot.ghosts.size() == 1'000);
  CHECK(snapshot.lifecycles.size() == 10'000);
  CHECK(snapshot.ghosts.at(0).container->name == "11000");  // the oldest went first
}

TEST_CASE("a stopped container is last seen at its end, for the window of a ghost") {
  Scene scene({.ghost_window = 1min});
  scene.tell("create", "web");
  scene.tell("start", "web");
  scene.tell("die", "web", "0");
  const auto ended = scene.now();
  scene.pass(30s);
  CHECK(scene.snapshot().containers.at(0).last_seen == ended);
  scene.pass(1min);
  CHECK_FALSE(scene.snapshot().containers.at(0).last_seen);
}

namespace {

const std::pair<std::string, std::string> off{"tidegauge.enable", "false"};

config::MonitorConfig excluding(const std::string& name) {
  config::MonitorConfig options;
  options.exclude = {{.subject = model::ContainerGlob::Subject::name, .key = {}, .pattern = name}};
  return options;
}

std::uint64_t in_state(const model::EngineSnapshot& snapshot, ContainerState state) {
  return snapshot.containers_by_state.at(static_cast<std::size_t>(state));
}

}  // namespace

TEST_CASE("a container that is not watched only counts by state") {
  Scene scene(excluding("job-*"));
  scene.list({"job-1", "web"});
  for (const auto* const id : {"job-1", "web"}) {
    REQUIRE(scene.inspect(Scene::running(id, scene.now() - 1h)));
  }
  const auto snapshot = scene.snapshot();
  REQUIRE(snapshot.containers.size() == 1);
  CHECK(snapshot.containers.at(0).container->name == "web");
  CHECK(in_state(snapshot, ContainerState::running) == 2);
  CHECK_FALSE(scene.counts("job-1"));
  CHECK(scene.inventory().size() == 2);
  CHECK(scene.inventory().ids_sampled_by_engine() == std::vector<std::string>{"web"});
  CHECK_FALSE(scene.inventory().needs_sample("job-1"));
}

TEST_CASE("a container that is not watched is inspected once") {
  Scene scene(excluding("job"));
  CHECK(scene.tell("create", "job") == Inventory::Effect::inspect);
  REQUIRE(scene.inspect(Scene::running("job", scene.now())));
  for (const auto* const action : {"start", "pause", "unpause", "update", "die", "start"}) {
    CHECK(scene.tell(action, "job", "1") == Inventory::Effect::none);
  }
  scene.list({"job", "web"});
  CHECK(scene.inventory().ids_to_inspect() == std::vector<std::string>{"web"});
  CHECK(in_state(scene.snapshot(), ContainerState::running) == 2);
  scene.tell("destroy", "job");
  CHECK(scene.snapshot().ghosts.empty());
  CHECK_FALSE(scene.counts("job"));
  CHECK(scene.inventory().size() == 1);
}

TEST_CASE("a container with the label false is never published, not even before its inspect") {
  Scene scene;
  scene.tell_of("job", "create", off);
  scene.tell_of("job", "start", off);
  CHECK(scene.snapshot().containers.empty());
  scene.tell_of("job", "die", off);
  scene.tell_of("job", "destroy", off);
  CHECK(scene.snapshot().ghosts.empty());
  CHECK_FALSE(scene.counts("job"));
}

TEST_CASE("a label that only the inspect shows takes a container off the page again") {
  Scene scene;
  scene.list({"job"});
  CHECK(scene.counts("job"));
  auto job = Scene::running("job", scene.now());
  job.labels = {off};
  REQUIRE(scene.inspect(job));
  CHECK(scene.snapshot().containers.empty());
  CHECK_FALSE(scene.counts("job"));
}

TEST_CASE("a failed call about a container that is not watched is not reported") {
  Scene scene(excluding("job"));
  scene.list({"job"});
  const Error failure{Errc::timeout, "late"};
  CHECK_FALSE(scene.inventory().record_outcome("job", CallKind::inspect, failure, scene.moment()));
  CHECK(scene.inventory().asked_about_all());
}

TEST_CASE("a successful sample does not clear a failing inspect, nor the other way round") {
  using enum CallKind;
  const auto [hanging, other] =
      GENERATE(table<CallKind, CallKind>({{inspect, sample}, {sample, inspect}}));
  Scene scene;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  const auto note = [&](auto question, const std::optional<Error>& failure) {
    return scene.inventory().record_outcome("web", question, failure, scene.moment());
  };
  const Error failure{Errc::timeout, "late"};
  CHECK(note(hanging, failure)->failure);
  for (int cycle = 0; cycle < 3; ++cycle) {
    CHECK_FALSE(note(other, std::nullopt));
    CHECK(scene.snapshot().containers.at(0).stuck);
  }
  CHECK_FALSE(note(other, failure));  // it cannot be read already
  CHECK_FALSE(note(other, std::nullopt));
  const auto healed = note(hanging, std::nullopt);
  REQUIRE(healed);
  CHECK_FALSE(healed->failure);
  CHECK_FALSE(scene.snapshot().containers.at(0).stuck);
  CHECK(scene.snapshot().containers.at(0).collect_errors == 2);
}

TEST_CASE("the failure of a sample is cleared when the container ends") {
  using enum CallKind;
  Scene scene;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  CHECK(scene.inventory().record_outcome("web", sample, Error{Errc::stalled, ""}, scene.moment()));
  scene.tell("die", "web", "0");
  CHECK(scene.inventory().record_outcome("web", inspect, std::nullopt, scene.moment()));
  CHECK_FALSE(scene.snapshot().containers.at(0).stuck);
}

TEST_CASE("a rename can make a container watched or not watched") {
  Scene scene(excluding("job"));
  scene.tell("create", "id", {}, "job");
  REQUIRE(scene.inspect([&] {
    auto job = Scene::running("id", scene.now());
    job.name = "job";
    return job;
  }()));
  CHECK(scene.tell("rename", "id", {}, "web") == Inventory::Effect::inspect);
  CHECK(scene.snapshot().containers.size() == 1);
  CHECK(scene.counts("web"));
  scene.tell("die", "id", "1", "web");
  scene.tell("rename", "id", {}, "job");
  CHECK(scene.snapshot().containers.empty());
  CHECK_FALSE(scene.counts("web"));
  CHECK_FALSE(scene.counts("job"));
}

TEST_CASE("a name that the next container has before the last is removed has no ghost") {
  Scene scene({.counters_kept_for = 10min});
  scene.tell("create", "old", {}, "web");
  scene.tell("start", "old", {}, "web");
  scene.tell("die", "old", "1", "web");
  scene.tell("create", "new", {}, "new_web");
  auto ahead = Scene::running("new", scene.now());  // of the events that remove one, rename another
  ahead.name = "web";
  REQUIRE(scene.inspect(ahead));
  scene.tell("destroy", "old", {}, "web");
  scene.tell("rename", "new", {}, "web");
  CHECK(scene.snapshot().ghosts.empty());
  scene.pass(11min);
  CHECK(scene.counts("web"));
}

// --- writable layers -----------------------------------------------------------------------------

TEST_CASE("layers are measured in turns, so that each is measured once an interval") {
  Scene scene({.filesystem_interval = 50s, .interval = 10s});
  std::vector<std::string> ids;
  for (char id = 'a'; id < 'k'; ++id) ids.emplace_back(1, id);
  scene.list(ids);
  for (const auto& id : ids) REQUIRE(scene.inspect(Scene::running(id, scene.now())));
  auto& inventory = scene.inventory();
  std::set<std::string> measured;
  for (int cycle = 0; cycle < 5; ++cycle) {
    const auto turn = inventory.take_ids_to_measure(scene.steady(), false);
    CHECK(turn.size() == 2);
    measured.insert(turn.begin(), turn.end());
    scene.pass(10s);
  }
  CHECK(measured.size() == ids.size());
  CHECK(inventory.take_ids_to_measure(scene.steady() - 1ms, false).empty());
  CHECK(inventory.take_ids_to_measure(scene.steady(), true).size() == 2);  // of the first turn
}

TEST_CASE("a layer's size is shown while the container runs, and not after a failed measurement") {
  Scene scene({.filesystem_interval = 50s});
  scene.list({"a"});
  REQUIRE(scene.inspect(Scene::running("a", scene.now())));
  const auto layer = [&] { return scene.snapshot().containers.at(0).layer; };
  CHECK_FALSE(layer());
  CHECK_FALSE(scene.inventory().record_measured("a", 1095, scene.now()));
  REQUIRE(layer());
  CHECK(layer()->bytes == 1095);
  CHECK(layer()->measured_at == scene.now());
  CHECK(scene.inventory().record_measured("a", std::nullopt, scene.now()));
  CHECK_FALSE(layer());
  CHECK_FALSE(scene.inventory().record_measured("a", std::nullopt, scene.now()));
  CHECK(scene.inventory().record_measured("a", 1095, scene.now()));
  scene.tell("die", "a", "0");
  CHECK_FALSE(layer());
  CHECK(scene.inventory().take_ids_to_measure(scene.steady(), true).empty());
}

// --- clocks --------------------------------------------------------------------------------------

TEST_CASE("the age of an end is right, however wrong the Engine's clock is") {
  const auto wrong_by = GENERATE(as<std::chrono::nanoseconds>{}, -600s, 600s);
  Scene scene({.ghost_window = 1min});
  scene.set_engine_clock(wrong_by);
  const auto last_seen = [&] { return scene.snapshot().containers.at(0).last_seen; };
  SECTION("and its event tells of it") {
    const bool asked = GENERATE(true, false);
    if (asked) scene.inventory().record_engine_time(scene.engine_now(), scene.steady());
    scene.tell("create", "web");
    scene.tell("start", "web");
    scene.tell("die", "web", "1");
    // What was never asked for its time told the first time with an event.
    CHECK(last_seen() == scene.now());
    scene.pass(59s);
    CHECK(last_seen() == scene.now() - 59s);
    scene.pass(2s);
    CHECK_FALSE(last_seen());
  }
  SECTION("and it was before it was watched") {
    scene.list({"web"});
    auto ended = Scene::running("web", scene.engine_now() - 1h);
    ended.state = ContainerState::exited;
    ended.exit_code = 0;
    ended.finished_at = scene.engine_now() - 30s;
    REQUIRE(scene.inspect(ended));
    scene.inventory().record_engine_time(scene.engine_now(), scene.steady());
    CHECK(last_seen() == scene.now() - 30s);
    scene.pass(31s);
    CHECK_FALSE(last_seen());
  }
}

TEST_CASE("a late event keeps the time of its end") {
  Scene scene;
  scene.tell("create", "web");
  scene.tell("start", "web");
  model::Event end{.type = "container",
                   .action = "die",
                   .id = "web",
                   .at = scene.now(),
                   .attributes = {{"exitCode", "1"}, {"name", "web"}}};
  scene.pass(30s);
  scene.tell("create", "api");  // at the Engine it is later now
  scene.inventory().apply(end, scene.moment());
  CHECK(scene.snapshot().containers.at(1).last_seen == end.at);
}

TEST_CASE("an inspect with a later end replaces the end before") {
  Scene scene;
  scene.tell("create", "web");
  scene.tell("start", "web");
  scene.tell("die", "web", "1");
  scene.pass(30s);
  scene.tell("start", "web");
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  auto ended = Scene::running("web", scene.now());
  scene.pass(30s);
  ended.state = ContainerState::exited;
  ended.exit_code = 1;
  ended.finished_at = scene.now();
  scene.list({"web"});
  REQUIRE(scene.inspect(ended));
  CHECK(scene.snapshot().containers.at(0).last_seen == scene.now());
}

TEST_CASE("ends from before the watch have no age until the Engine tells its time") {
  config::MonitorConfig options;
  Inventory inventory(options);
  const Moment now{.steady = SteadyTime{1h}, .wall = start_of_time};
  inventory.resync({{.id = "web", .name = "web", .state = ContainerState::exited}}, now);
  auto ended = Scene::running("web", start_of_time - 1h);
  ended.state = ContainerState::exited;
  ended.finished_at = start_of_time - 1s;
  REQUIRE(inventory.record_inspected("web", *inventory.version("web"), ended, now));
  model::EngineSnapshot snapshot;
  snapshot.up = true;
  inventory.write_snapshot(snapshot, now);
  CHECK_FALSE(snapshot.containers.at(0).last_seen);
  inventory.record_engine_time(start_of_time, now.steady);
  inventory.write_snapshot(snapshot, now);
  CHECK(snapshot.containers.at(0).last_seen == start_of_time - 1s);
}

TEST_CASE("a leap of the wall clock does not move the times of ghosts and counters") {
  const auto leap = GENERATE(as<std::chrono::nanoseconds>{}, -600s, 24h);
  Scene scene({.ghost_window = 1min, .counters_kept_for = 10min});
  for (const auto* const id : {"gone", "web"}) {
    scene.tell("create", id);
    scene.tell("start", id);
    scene.tell("die", id, "1");
  }
  scene.tell("destroy", "gone");
  scene.set_wall_clock(leap);
  scene.pass(50s);
  CHECK(scene.snapshot().ghosts.size() == 1);
  CHECK(scene.snapshot().containers.at(0).last_seen);
  scene.pass(11s);
  CHECK(scene.snapshot().ghosts.empty());
  CHECK_FALSE(scene.snapshot().containers.at(0).last_seen);
  scene.pass(8min);
  CHECK(scene.exits("gone", EndCause::error) == 1);
  scene.pass(1min);
  CHECK_FALSE(scene.counts("gone"));
  scene.tell("start", "web");
  CHECK(scene.counts("web")->restarts == 1);
}

TEST_CASE("a restart counts although the Engine's clock was set back since the end") {
  Scene scene;
  scene.tell("create", "web");
  scene.tell("start", "web");
  scene.tell("die", "web", "1");
  scene.set_engine_clock(-600s);
  scene.tell("start", "web");
  CHECK(scene.counts("web")->restarts == 1);
}

TEST_CASE("the stream begins at a time of the Engine's clock, not of this machine's") {
  Scene scene;
  config::MonitorConfig options;
  Inventory inventory(options);
  CHECK_FALSE(inventory.follow_from());
  inventory.record_engine_time(scene.now() - 600s, scene.steady());
  CHECK(inventory.follow_from() == scene.now() - 600s);
}

TEST_CASE("none of 300 replayed events is counted twice") {
  Scene scene;
  std::vector<model::Event> told;
  scene.tell("create", "web");
  for (int i = 0; i < 150; ++i) {
    scene.tell("start", "web");
    told.push_back(scene.last());
    scene.tell("die", "web", "1");
    told.push_back(scene.last());
  }
  for (const auto& event : told) {
    REQUIRE(scene.inventory().apply(event, scene.moment()) == Inventory::Effect::known);
  }
  CHECK(scene.exits("web", EndCause::error) == 150);
  CHECK(scene.counts("web")->restarts == 149);
}

TEST_CASE("a sample belongs to one run, and a start or an inspect of another run drops it") {
  Scene scene;
  scene.list({"web"});
  const auto started_at = scene.now();
  REQUIRE(scene.inspect(Scene::running("web", started_at)));
  scene.inventory().record_sampled("web", std::make_shared<model::ContainerStats>());
  REQUIRE(scene.snapshot().containers.at(0).stats);
  SECTION("by an event") {
    scene.tell("start", "web");
  }
  SECTION("by an inspect") {
    REQUIRE(scene.inspect(Scene::running("web", started_at + 1s)));
  }
  CHECK_FALSE(scene.snapshot().containers.at(0).stats);
}

// --- what is believed ----------------------------------------------------------------------------

TEST_CASE("an inspect with another id is refused") {
  Scene scene;
  scene.list({"api", "web"});
  const auto version = scene.inventory().version("web").value();
  CHECK_FALSE(scene.inventory().record_inspected("web", version, Scene::running("api", scene.now()),
                                                 scene.moment()));
  CHECK(scene.snapshot().containers.at(1).container->id == "web");
  CHECK_FALSE(scene.inventory().is_inspected("web"));
}

TEST_CASE("an inspect from before a list is refused") {
  Scene scene;
  scene.list({"web"});
  const auto version = scene.inventory().version("web").value();
  scene.list({"web"});
  CHECK_FALSE(scene.inventory().record_inspected("web", version, Scene::running("web", scene.now()),
                                                 scene.moment()));
}

TEST_CASE("actions without a handler are counted together and change nothing") {
  Scene scene;
  scene.list({"web"});
  const auto version = scene.inventory().version("web");
  for (int i = 0; i < 1'000; ++i) {
    CHECK(scene.tell("exec_create: /bin/check " + std::to_string(i), "web") ==
          Inventory::Effect::none);
    scene.tell("invented-" + std::to_string(i), "of-nobody");
    const model::Event other{.type = "type-" + std::to_string(i),
                             .action = "start",
                             .id = "web",
                             .at = scene.now() + std::chrono::nanoseconds(i)};
    scene.inventory().apply(other, scene.moment());
  }
  scene.tell("start", "web");
  CHECK(scene.snapshot().inventory.events ==
        decltype(model::InventoryStats::events){{{"container", "other"}, 2'000},
                                                {{"container", "start"}, 1},
                                                {{"other", "other"}, 1'000}});
  CHECK(scene.inventory().size() == 1);
  CHECK(scene.inventory().version("web") == *version + 1);
}

// --- names ---------------------------------------------------------------------------------------

namespace {

config::MonitorConfig including(const std::string& name) {
  config::MonitorConfig options;
  options.include = {{.subject = model::ContainerGlob::Subject::name, .key = {}, .pattern = name}};
  return options;
}

}  // namespace

TEST_CASE("a list does not rename a known container or its counters") {
  Scene scene(including("db"));
  scene.list({"db"});
  REQUIRE(scene.inspect(Scene::running("db", scene.now() - 1h)));
  scene.tell("die", "db", "1");
  scene.tell("start", "db");
  scene.list_named({{"db", "app/db"}});
  CHECK(scene.snapshot().containers.at(0).container->name == "db");
  CHECK(scene.exits("db", EndCause::error) == 1);
  CHECK(scene.inventory().ids_to_inspect() == std::vector<std::string>{"db"});
}

TEST_CASE("a list does not replace a name from an event") {
  Scene scene(including("db"));
  scene.tell("create", "id", {}, "db");
  scene.tell("start", "id", {}, "db");
  scene.tell("die", "id", "1", "db");
  scene.list_named({{"id", "app/db"}});
  REQUIRE(scene.snapshot().containers.size() == 1);
  CHECK(scene.exits("db", EndCause::error) == 1);
}

TEST_CASE("a container that is not watched is inspected again if a list shows another name") {
  Scene scene(including("db"));
  scene.list_named({{"id", "app/db"}});
  CHECK(scene.snapshot().containers.empty());
  CHECK(scene.inventory().ids_to_inspect() == std::vector<std::string>{"id"});
  auto other = Scene::running("id", scene.now());
  other.name = "other";
  REQUIRE(scene.inspect(other));
  CHECK(scene.inventory().ids_to_inspect() == std::vector<std::string>{});
  const std::vector<model::ContainerSummary> renamed{
      {.id = "id", .name = "db", .state = ContainerState::running}};
  CHECK(scene.inventory().ids_that_differ(renamed) == std::vector<std::string>{"id"});
  scene.inventory().resync(renamed, scene.moment());
  CHECK(scene.inventory().ids_to_inspect() == std::vector<std::string>{"id"});
  REQUIRE(scene.inspect(other));  // the list was wrong
  CHECK(scene.inventory().ids_to_inspect() == std::vector<std::string>{});
  scene.inventory().resync(renamed, scene.moment());
  auto db = other;
  db.name = "db";
  REQUIRE(scene.inspect(db));
  CHECK(scene.inventory().ids_to_inspect() == std::vector<std::string>{"id"});  // it is watched
  CHECK(scene.snapshot().containers.at(0).container->name == "db");
}

TEST_CASE("an inspect corrects the name from a list without moving counters") {
  Scene scene;
  scene.tell("create", "old", {}, "web");
  scene.tell("start", "old", {}, "web");
  scene.tell("die", "old", "1", "web");
  scene.tell("destroy", "old", {}, "web");
  scene.list_named({{"id", "web"}, {"other", "alias"}});
  for (const auto* const id : {"id", "other"}) {
    auto container = Scene::running(id, scene.now());
    container.name = id == std::string("id") ? "front" : "db";
    REQUIRE(scene.inspect(container));
  }
  CHECK(scene.exits("web", EndCause::error) == 1);
  CHECK(scene.exits("front", EndCause::error) == 0);
  CHECK_FALSE(scene.counts("alias"));
  CHECK(scene.counts("db"));
}

TEST_CASE("counters end with their name if a list gave the name to another container by mistake") {
  Scene scene({.counters_kept_for = 10min});
  scene.tell("create", "old", {}, "web");
  scene.tell("start", "old", {}, "web");
  scene.tell("die", "old", "1", "web");
  scene.tell("destroy", "old", {}, "web");
  scene.list_named({{"id", "web"}});
  auto front = Scene::running("id", scene.now());
  front.name = "front";
  REQUIRE(scene.inspect(front));
  CHECK(scene.counts("web"));
  scene.pass(11min);
  CHECK_FALSE(scene.counts("web"));
}

TEST_CASE("counters stay with their name while another container of that name is watched") {
  Scene scene;
  scene.list_named({{"a", "web"}, {"b", "web"}});
  auto web = Scene::running("a", scene.now());
  web.name = "web";
  REQUIRE(scene.inspect(web));
  scene.tell("die", "a", "1", "web");
  web.id = "b";
  web.labels = {off};
  REQUIRE(scene.inspect(web));
  CHECK(scene.exits("web", EndCause::error) == 1);
}

TEST_CASE("a container keeps the counters of its name when a namesake is renamed") {
  Scene scene({.counters_kept_for = 10min});
  scene.tell("create", "old", {}, "web");
  scene.tell("start", "old", {}, "web");
  scene.tell("create", "new", {}, "new_web");
  auto ahead = Scene::running("new", scene.now());
  ahead.name = "web";
  REQUIRE(scene.inspect(ahead));
  scene.tell_of_rename("old", "web", "old_web");
  scene.pass(11min);
  REQUIRE(scene.counts("web"));
  CHECK(scene.counts("old_web"));
  std::set<std::string> names;
  for (const auto& [name, counts] : scene.snapshot().lifecycles) CHECK(names.insert(name).second);
}

TEST_CASE("a container that gets its name by a rename or an inspect replaces the ghost") {
  Scene scene;
  scene.tell("create", "old", {}, "web");
  scene.tell("start", "old", {}, "web");
  scene.tell("destroy", "old", {}, "web");
  REQUIRE(scene.snapshot().ghosts.size() == 1);
  SECTION("by a rename") {
    scene.tell("create", "new", {}, "new_web");
    scene.tell_of_rename("new", "new_web", "web");
  }
  SECTION("by an inspect after a list") {
    scene.list_named({{"new", "alias"}});
    auto web = Scene::running("new", scene.now());
    web.name = "web";
    REQUIRE(scene.inspect(web));
  }
  CHECK(scene.snapshot().ghosts.empty());
}

// --- turns ---------------------------------------------------------------------------------------

namespace {

/// So many of them, without health checks.
std::vector<std::string> fill_with(Scene& scene, int containers) {
  std::vector<std::string> ids;
  for (int i = 0; i < containers; ++i) ids.push_back(std::to_string(1'000 + i));
  scene.list(ids);
  for (const auto& id : ids) REQUIRE(scene.inspect(Scene::running(id, scene.now())));
  return ids;
}

/// Whose turn it was, how often, in so long, asked ten times a second.
std::map<std::string, int> turns_in(Scene& scene, std::chrono::seconds time) {
  std::map<std::string, int> turns;
  for (const auto end = scene.now() + time; scene.now() < end; scene.pass(100ms)) {
    if (const auto id = scene.inventory().next_to_refresh(scene.steady())) ++turns[*id];
  }
  return turns;
}

}  // namespace

TEST_CASE("an inspect for another reason delays the turn of a container") {
  Scene scene({.reconcile_interval = 5min});
  fill_with(scene, 2);
  std::ignore = turns_in(scene, 149s);
  REQUIRE(scene.inspect(Scene::running("1000", scene.now() - 149s)));
  CHECK(turns_in(scene, 10s) == std::map<std::string, int>{{"1001", 1}});
  REQUIRE(scene.inspect(Scene::running("1001", scene.now() - 149s)));
  REQUIRE(scene.inspect(Scene::running("1000", scene.now() - 149s)));
  CHECK(turns_in(scene, 145s).empty());
}

TEST_CASE("there are no turns with an interval of 0, and none of containers that are not watched") {
  auto options = excluding("*");
  options.reconcile_interval = 0ms;
  const bool no_interval = GENERATE(true, false);
  if (no_interval)
    options.exclude.clear();
  else
    options.reconcile_interval = 1min;
  Scene scene(options);
  fill_with(scene, 3);
  CHECK(turns_in(scene, 1h).empty());
}

TEST_CASE("an end that only a turn shows is counted") {
  Scene scene({.reconcile_interval = 1min});
  scene.list({"web"});
  const auto started_at = scene.now() - 1h;
  REQUIRE(scene.inspect(Scene::running("web", started_at)));
  REQUIRE(turns_in(scene, 61s).size() == 1);
  auto ended = Scene::running("web", started_at);
  ended.state = ContainerState::exited;
  ended.exit_code = 1;
  ended.finished_at = scene.now() - 1s;
  REQUIRE(scene.inspect(ended));
  CHECK(scene.exits("web", EndCause::unknown) == 1);
}

// --- options that change ------------------------------------------------------------------------

TEST_CASE("a container that is excluded leaves the snapshot, and comes back with its counters") {
  Scene scene;
  scene.list({"db", "web"});
  REQUIRE(scene.inspect(Scene::running("db", scene.now())));
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  scene.tell("die", "web", "1");
  scene.tell("start", "web");
  const auto exclude_web = [](config::MonitorConfig& options) {
    options.exclude = {model::parse_container_glob("web").value()};
  };
  CHECK(scene.reconfigure(exclude_web).empty());
  CHECK(scene.snapshot().containers.size() == 1);
  CHECK_FALSE(scene.counts("web"));
  CHECK(scene.counts("db"));
  CHECK(scene.snapshot().containers_by_state.at(
            static_cast<std::size_t>(ContainerState::running)) == 2);
  scene.tell("die", "web", "1");  // is not counted
  const auto include_all = [](config::MonitorConfig& options) { options.exclude.clear(); };
  CHECK(scene.reconfigure(include_all) == std::vector<std::string>{"web"});
  CHECK(scene.snapshot().containers.size() == 2);
  CHECK(scene.exits("web", EndCause::error) == 1);
}

TEST_CASE("the ghost of a container that is excluded leaves the snapshot with its counters") {
  Scene scene;
  scene.list({"db", "web"});
  REQUIRE(scene.inspect(Scene::running("db", scene.now())));
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  for (const auto* const name : {"db", "web"}) {
    scene.tell("die", name, "0");
    scene.tell("destroy", name);
  }
  REQUIRE(scene.snapshot().ghosts.size() == 2);
  std::ignore = scene.reconfigure([](config::MonitorConfig& options) {
    options.include = {model::parse_container_glob("db").value()};
  });
  REQUIRE(scene.snapshot().ghosts.size() == 1);
  CHECK(scene.snapshot().ghosts.front().container->name == "db");
  CHECK_FALSE(scene.counts("web"));
  CHECK(scene.counts("db"));
}

TEST_CASE("times for which things are kept may change while they are") {
  Scene scene({.ghost_window = 5min, .counters_kept_for = 1h});
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  scene.tell("destroy", "web");
  std::ignore = scene.reconfigure([](config::MonitorConfig& options) {
    options.ghost_window = 1min;
    options.counters_kept_for = 2min;
  });
  scene.pass(59s);
  CHECK(scene.snapshot().ghosts.size() == 1);
  scene.pass(2s);
  CHECK(scene.snapshot().ghosts.empty());
  CHECK(scene.counts("web"));
  scene.pass(1min);
  CHECK_FALSE(scene.counts("web"));
}

TEST_CASE("without measurements of writable layers none is shown any more") {
  Scene scene({.filesystem_interval = 1min});
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  std::ignore = scene.inventory().record_measured("web", 4096, scene.now());
  REQUIRE(scene.snapshot().containers.front().layer);
  std::ignore =
      scene.reconfigure([](config::MonitorConfig& options) { options.filesystem_interval = 0s; });
  CHECK_FALSE(scene.snapshot().containers.front().layer);
}

TEST_CASE("an outage ends the kernel's sample of a container that the Engine is to sample") {
  Scene scene;
  scene.list({"web"});
  REQUIRE(scene.inspect(Scene::running("web", scene.now())));
  auto sample = std::make_shared<model::ContainerStats>();
  sample->source = model::StatsSource::kernel;
  sample->has_processes = true;
  scene.inventory().set_source_of_all(model::StatsSource::kernel);
  scene.inventory().record_sampled("web", sample);
  scene.inventory().forget_engine_samples();
  CHECK_FALSE(scene.inventory().needs_sample("web"));
  scene.inventory().set_source_of_all(model::StatsSource::engine);
  CHECK_FALSE(scene.inventory().needs_sample("web"));  // it is shown until the Engine has answered
  scene.inventory().forget_engine_samples();
  CHECK(scene.inventory().needs_sample("web"));
}
