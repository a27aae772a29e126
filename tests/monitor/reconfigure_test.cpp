// How a ContainerMonitor that runs takes other settings.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "monitor/small_engine.h"
#include "monitor/watch.h"
#include "simulated_engine/simulated_engine.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/kernel_tree.h"
#include "support/temporary_directory.h"
#include "tidegauge/util/guarded.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using config::StatsChoice;
using model::StatsSource;
using monitor::MonitorSettings;
using test::event_line;
using test::eventually;
using test::Exchange;
using test::KernelTree;
using test::KernelView;
using test::Request;
using test::SmallEngine;
using test::unattended;
using test::Watch;

namespace {

config::MonitorConfig every(Milliseconds interval) {
  config::MonitorConfig options;
  options.interval = interval;
  options.ghost_window = 0s;
  return options;
}

model::ContainerGlob glob(const std::string& text) {
  return model::parse_container_glob(text).value();
}

std::vector<std::string> names_of(const model::EngineSnapshot& snapshot) {
  std::vector<std::string> names;
  for (const auto& record : snapshot.containers) names.push_back(record.container->name);
  return names;
}

std::shared_ptr<const model::ContainerStats> sample_of(const model::EngineSnapshot& snapshot,
                                                       const std::string& name) {
  const auto found = std::ranges::find(snapshot.containers, name,
                                       [](const auto& record) { return record.container->name; });
  return found == snapshot.containers.end() ? nullptr : found->stats;
}

using Change = std::function<void(MonitorSettings&)>;

/// Returns once the monitor has applied the change.
void reconfigure(Watch& watch, const Change& change, Milliseconds limit = 10s) {
  auto settings = watch.settings();
  change(settings);
  watch.monitor().reconfigure(settings);
  REQUIRE(watch.monitor().wait_until_reconfigured(steady_now() + limit));
}

/// "db" and "web", sampled by the Engine, and the times at which it was asked for samples of "web".
class Scene {
 public:
  explicit Scene(const config::MonitorConfig& options,
                 const config::PoolConfig& pool = unattended())
      : engine_({"db", "web"},
                [this](const Request& request, Exchange& exchange) {
                  const auto call = SmallEngine::call_of(request);
                  if (call == "/containers/web/stats") {
                    asked_.with([](auto& times) { times.push_back(steady_now()); });
                  }
                  if (call != "/events") return false;
                  if (exchange.begin_chunks(200)) tell(exchange);
                  return true;
                }),
        watch_(engine_.socket_path(), pool, options),
        running_(watch_.run()) {}
  ~Scene() { end_ = true; }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  SmallEngine& engine() { return engine_; }
  Watch& watch() { return watch_; }
  [[nodiscard]] std::vector<SteadyTime> asked() const {
    return asked_.with([](const auto& times) { return times; });
  }
  [[nodiscard]] bool is_sampled(const std::string& name) {
    return eventually([&] { return sample_of(*watch_.snapshot(), name) != nullptr; });
  }
  void say(const std::string& line) {
    lines_.with([&](auto& lines) { lines.push_back(line); });
  }

 private:
  void tell(Exchange& exchange) {
    std::size_t told = 0;
    while (!end_) {
      const auto lines = lines_.with([](const auto& all) { return all; });
      while (told < lines.size()) {
        if (!exchange.chunk(lines[told++])) return;
      }
      if (!exchange.wait(1ms)) return;
    }
  }

  std::atomic<bool> end_ = false;
  Guarded<std::vector<std::string>> lines_;
  Guarded<std::vector<SteadyTime>> asked_;
  SmallEngine engine_;
  Watch watch_;
  std::jthread running_;
};

}  // namespace

TEST_CASE("a shorter interval counts from the last cycle, without a gap") {
  Scene scene(every(1h));
  REQUIRE(scene.is_sampled("web"));
  const auto before = scene.asked().size();
  const auto begin = steady_now();
  reconfigure(scene.watch(), [](MonitorSettings& settings) { settings.options.interval = 200ms; });
  REQUIRE(eventually([&] { return scene.asked().size() >= before + 4; }));
  const auto asked = scene.asked();
  CHECK(asked.at(before) - begin < 1s);
  for (auto i = before + 1; i < before + 4; ++i) CHECK(asked.at(i) - asked.at(i - 1) < 1s);
}

TEST_CASE("a longer interval counts from the last cycle") {
  Scene scene(every(100ms));
  REQUIRE(eventually([&] { return scene.asked().size() >= 3; }));
  reconfigure(scene.watch(), [](MonitorSettings& settings) { settings.options.interval = 1500ms; });
  const auto at_change = scene.asked();
  REQUIRE(eventually([&] { return scene.asked().size() >= at_change.size() + 2; }));
  const auto asked = scene.asked();
  const auto last = asked.size() - 1;
  CHECK(asked[last] - asked[last - 1] > 1s);
  CHECK(asked[last - 1] - at_change.back() < 1500ms + 1s);  // no more than the longer of the two
}

TEST_CASE("containers that are excluded leave the snapshot, and come back inspected and sampled") {
  Scene scene(every(1h));
  REQUIRE(scene.is_sampled("web"));
  REQUIRE(scene.is_sampled("db"));
  scene.say(event_line("die", "web"));
  REQUIRE(eventually([&] {
    const auto snapshot = scene.watch().snapshot();
    return std::ranges::any_of(snapshot->lifecycles, [](const auto& named) {
      return named.second.last_exit_at.has_value();
    });
  }));
  const auto exits = [&] {
    std::map<std::string, std::uint64_t> sums;
    for (const auto& [name, counts] : scene.watch().snapshot()->lifecycles) {
      for (const auto count : counts.exits) sums[name] += count;
    }
    return sums;
  };
  const auto exits_before = exits();
  reconfigure(scene.watch(),
              [](MonitorSettings& settings) { settings.options.exclude = {glob("web")}; });
  CHECK(names_of(*scene.watch().snapshot()) == std::vector<std::string>{"db"});
  CHECK_FALSE(exits().contains("web"));
  const auto inspects = scene.engine().calls("/containers/web/json");
  reconfigure(scene.watch(), [](MonitorSettings&) {});
  CHECK(eventually([&] { return scene.engine().calls("/containers/web/json") > inspects; }));
  CHECK(scene.is_sampled("web"));
  CHECK(exits() == exits_before);
  CHECK(scene.engine().calls("/containers/json") == 1);
}

TEST_CASE("where the stream of events is refused, another interval makes a list due") {
  SmallEngine engine({"web"}, [](const Request& request, Exchange& exchange) {
    if (SmallEngine::call_of(request) != "/events") return false;
    exchange.reply(403, {}, "{}");
    return true;
  });
  Watch watch(engine.socket_path(), unattended(), every(1h));
  const auto running = watch.run();
  REQUIRE(eventually([&] { return watch.snapshot()->up; }));
  REQUIRE(engine.calls("/containers/json") == 1);
  reconfigure(watch, [](MonitorSettings& settings) { settings.options.interval = 100ms; });
  CHECK(eventually([&] { return engine.calls("/containers/json") >= 3; }, 30s));
}

TEST_CASE("settings that nobody takes are not applied") {
  const SmallEngine engine({"web"}, [](const Request&, Exchange&) { return false; });
  Watch watch(engine.socket_path(), unattended(), every(1h));
  watch.monitor().reconfigure(watch.settings());
  CHECK_FALSE(watch.monitor().wait_until_reconfigured(steady_now() + 10ms));
}

// --- by the kernel's files ----------------------------------------------------------------------

namespace {

/// A simulated Engine whose containers have recorded files.
class KernelScene {
 public:
  explicit KernelScene(const config::MonitorConfig& options, std::size_t descriptors = 1'000)
      : engine_({.socket_path = directory_.file("docker.sock")}) {
    for (const auto& container : engine_.host().containers()) {
      if (!test::has_processes(container)) continue;
      auto recorded = test::recorded_container("docker-20.10.24-cgroup1", "web");
      recorded.id = container.id;
      recorded.pid = container.pid;
      tree_.add(recorded, "before");
      std::ofstream(tree_.cgroup_file(recorded.id, "cpuacct/cpuacct.usage_percpu")) << "1 2\n";
    }
    watch_.emplace(directory_.file("docker.sock"), unattended(), options,
                   KernelView{.paths = tree_.paths(), .descriptors = descriptors});
    running_ = watch_->run();
  }

  test::SimulatedEngine& engine() { return engine_; }
  Watch& watch() { return *watch_; }
  [[nodiscard]] std::size_t sampled_by(StatsSource source) {
    const auto snapshot = watch_->snapshot();
    return static_cast<std::size_t>(std::ranges::count_if(
        snapshot->containers,
        [&](const auto& record) { return record.stats && record.stats->source == source; }));
  }

 private:
  test::TemporaryDirectory directory_;
  KernelTree tree_{test::CgroupVersion::v1};
  test::SimulatedEngine engine_;
  std::optional<Watch> watch_;
  std::jthread running_;
};

}  // namespace

TEST_CASE("the source of samples may change while containers are watched") {
  KernelScene scene(every(1h));
  REQUIRE(eventually([&] { return scene.sampled_by(StatsSource::kernel) == 6; }));
  CHECK(scene.engine().calls(test::EngineCall::stats) == 0);
  CHECK(scene.watch().snapshot()->host);
  reconfigure(scene.watch(), [](MonitorSettings& settings) {
    settings.options.stats_source = StatsChoice::engine;
  });
  CHECK(scene.sampled_by(StatsSource::kernel) + scene.sampled_by(StatsSource::engine) == 6);
  CHECK(eventually([&] { return scene.sampled_by(StatsSource::engine) == 6; }));
  CHECK_FALSE(scene.watch().snapshot()->host);
  reconfigure(scene.watch(), [](MonitorSettings& settings) {
    settings.options.stats_source = StatsChoice::kernel;
  });
  CHECK(scene.sampled_by(StatsSource::kernel) == 6);
  CHECK(scene.watch().snapshot()->host);
}

TEST_CASE("optional groups may be enabled and disabled while containers are watched") {
  KernelScene scene(every(1h));
  const auto with_each_cpu = [&] {
    const auto snapshot = scene.watch().snapshot();
    return std::ranges::count_if(snapshot->containers, [](const auto& record) {
      return record.stats && record.stats->cpu && !record.stats->cpu->per_cpu_seconds.empty();
    });
  };
  REQUIRE(eventually([&] { return scene.sampled_by(StatsSource::kernel) == 6; }));
  CHECK(with_each_cpu() == 0);
  reconfigure(scene.watch(),
              [](MonitorSettings& settings) { settings.optional_groups.per_cpu = true; });
  CHECK(with_each_cpu() == 6);
  reconfigure(scene.watch(), [](MonitorSettings&) {});
  CHECK(with_each_cpu() == 0);
}

TEST_CASE("a container that is newly included is sampled by the kernel before the snapshot") {
  auto options = every(1h);
  options.include = {glob("web-1")};
  KernelScene scene(options);
  REQUIRE(eventually([&] { return scene.sampled_by(StatsSource::kernel) == 1; }));
  reconfigure(scene.watch(), [](MonitorSettings& settings) { settings.options.include.clear(); });
  CHECK(names_of(*scene.watch().snapshot()).size() == 10);
  CHECK(eventually([&] { return scene.sampled_by(StatsSource::kernel) == 6; }));
}

TEST_CASE("peaks may be enabled and disabled while containers are watched") {
  KernelScene scene(every(50ms));
  const auto with_peak = [&] {
    const auto snapshot = scene.watch().snapshot();
    return std::ranges::count_if(snapshot->containers, [](const auto& record) {
      return record.stats && record.stats->memory && record.stats->memory->interval_max_usage_bytes;
    });
  };
  REQUIRE(eventually([&] { return scene.sampled_by(StatsSource::kernel) == 6; }));
  CHECK(with_peak() == 0);
  reconfigure(scene.watch(),
              [](MonitorSettings& settings) { settings.options.peak_interval = 1ms; });
  CHECK(eventually([&] { return with_peak() == 6; }));
  reconfigure(scene.watch(), [](MonitorSettings&) {});
  CHECK(with_peak() == 0);
}

TEST_CASE("fewer of the kernel's files may be kept open") {
  KernelScene scene(every(100ms));
  REQUIRE(eventually([&] { return scene.sampled_by(StatsSource::kernel) == 6; }));
  reconfigure(scene.watch(), [](MonitorSettings& settings) { settings.kernel_descriptors = 0; });
  const auto read_at = sample_of(*scene.watch().snapshot(), "web-1")->read_at;
  CHECK(eventually([&] {
    const auto sample = sample_of(*scene.watch().snapshot(), "web-1");
    return sample && sample->read_at > read_at && sample->source == StatsSource::kernel;
  }));
}
