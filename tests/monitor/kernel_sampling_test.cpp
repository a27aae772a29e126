// Samples by the kernel's files: a simulated Engine whose containers have recorded files in a tree
// that stands for /proc and /sys.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "monitor/watch.h"
#include "simulated_engine/simulated_engine.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/kernel_tree.h"
#include "support/managed_scene.h"
#include "support/temporary_directory.h"
#include "tidegauge/monitor/container_monitor.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using config::StatsChoice;
using model::StatsSource;
using test::CgroupVersion;
using test::EngineCall;
using test::eventually;
using test::KernelTree;
using test::KernelView;
using test::RecordedContainer;
using test::SocketFile;
using test::Watch;

namespace fs = std::filesystem;

namespace {

config::MonitorConfig asking(StatsChoice choice, Milliseconds interval = 1h) {
  config::MonitorConfig options;
  options.stats_source = choice;
  options.interval = interval;
  return options;
}

class Scene {
 public:
  explicit Scene(const config::MonitorConfig& options, std::size_t descriptors = 1'000,
                 const config::PoolConfig& pool = test::unattended(),
                 cgroup::FilesystemSampler::Stat stat = cgroup::stat_filesystem,
                 const config::OptionalGroups& groups = {})
      : engine_({.socket_path = directory_.file("docker.sock")}),
        watch_(directory_.file("docker.sock"), pool, options,
               KernelView{.paths = tree_.paths(),
                          .descriptors = descriptors,
                          .stat_filesystem = std::move(stat),
                          .optional_groups = groups}) {}

  test::SimulatedEngine& engine() { return engine_; }
  Watch& watch() { return watch_; }
  KernelTree& tree() { return tree_; }
  void kill_engine() {
    engine_.server().stop_listening(SocketFile::left);
    engine_.server().disconnect_all();
  }
  /// Its cgroup as it is now: of its id and process.
  [[nodiscard]] RecordedContainer of(const std::string& name) const {
    const auto container = engine_.host().container(name).value();
    auto recorded = test::recorded_container("docker-20.10.24-cgroup1", "web");
    recorded.id = container.id;
    recorded.pid = container.pid;
    return recorded;
  }
  void show(const std::string& name) { tree_.add(of(name), "before"); }
  void show_all() {
    for (const auto& container : engine_.host().containers()) {
      if (test::has_processes(container)) show(container.spec.name);
    }
  }
  /// How many files of the tree are open.
  [[nodiscard]] std::size_t open_files() const {
    std::size_t open = 0;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      open += fs::read_symlink(entry, gone).string().starts_with(tree_.paths().sysfs) ? 1U : 0U;
    }
    return open;
  }
  /// Nothing: it is not shown, or without a sample.
  [[nodiscard]] std::shared_ptr<const model::ContainerStats> sample(const std::string& name) {
    const auto snapshot = watch_.snapshot();
    for (const auto& record : snapshot->containers) {
      if (record.container->name == name) return record.stats;
    }
    return nullptr;
  }
  [[nodiscard]] std::size_t containers_by_kernel() {
    const auto snapshot = watch_.snapshot();
    return static_cast<std::size_t>(
        std::ranges::count_if(snapshot->containers, [](const auto& record) {
          return record.stats && record.stats->source == StatsSource::kernel;
        }));
  }
  [[nodiscard]] std::size_t containers_running() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(engine_.host().containers(), test::has_processes));
  }
  [[nodiscard]] bool sampled_by(StatsSource source, const std::string& name) {
    const auto shown = sample(name);
    return shown && shown->source == source;
  }

 private:
  test::TemporaryDirectory directory_;
  KernelTree tree_{CgroupVersion::v1};
  mutable test::SimulatedEngine engine_;
  Watch watch_;
};

constexpr double recorded_cpu_seconds = 638'899'226 * 1e-9;

}  // namespace

TEST_CASE("containers whose cgroups are visible are sampled without a call to the Engine") {
  Scene scene(asking(StatsChoice::automatic));
  scene.show_all();
  const auto snapshot = scene.watch().run_once();
  CHECK(snapshot->up);
  std::size_t sampled = 0;
  for (const auto& record : snapshot->containers) {
    INFO(record.container->name);
    CHECK((record.stats != nullptr) == model::has_processes(record.container->state));
    CHECK(record.state_known);
    CHECK(record.collect_errors == 0);
    if (!record.stats) continue;
    ++sampled;
    CHECK(record.stats->source == StatsSource::kernel);
    CHECK(record.stats->cpu->usage_seconds == recorded_cpu_seconds);
  }
  CHECK(sampled > 5);
  CHECK(scene.engine().calls(EngineCall::stats) == 0);
  CHECK(scene.watch().log().count("level=warn") == 0);
}

TEST_CASE("failing inspects of a container are logged once while the kernel samples it") {
  Scene scene(asking(StatsChoice::automatic));
  scene.show_all();
  scene.watch().run_once();
  scene.engine().set_fault(
      {.kind = test::FaultKind::error500, .call = EngineCall::inspect, .container = "web-1"});
  for (int cycle = 0; cycle < 3; ++cycle) scene.watch().run_once();
  CHECK(scene.sampled_by(StatsSource::kernel, "web-1"));
  CHECK(scene.watch().log().count("container cannot be read") == 1);
  CHECK(scene.watch().log().count("container can be read again") == 0);
  scene.engine().heal();
  scene.watch().run_once();
  CHECK(scene.watch().log().count("container can be read again") == 1);
}

TEST_CASE("visible containers are sampled by the kernel, and others by the Engine") {
  Scene scene(asking(StatsChoice::automatic));
  scene.show("web-1");
  scene.watch().run_once();
  CHECK(scene.sampled_by(StatsSource::kernel, "web-1"));
  CHECK(scene.sampled_by(StatsSource::engine, "web-2"));
  const auto calls = scene.engine().calls(EngineCall::stats);
  CHECK(calls > 0);
  scene.watch().run_once();
  CHECK(scene.engine().calls(EngineCall::stats) == 2 * calls);
}

TEST_CASE("an end that only the kernel's files show calls for an inspect") {
  Scene scene(asking(StatsChoice::automatic, 100ms), 0);  // each file is opened anew
  scene.show_all();
  // Lists alone: that a container runs before and after says nothing of what was in between.
  scene.engine().set_fault({.kind = test::FaultKind::error500, .call = EngineCall::events});
  const auto running = scene.watch().run();
  REQUIRE(eventually([&] { return scene.sampled_by(StatsSource::kernel, "web-1"); }));
  const auto old = scene.of("web-1");
  scene.engine().host().restart("web-1");
  scene.tree().remove(old);
  CHECK(eventually([&] {
    const auto snapshot = scene.watch().snapshot();
    return std::ranges::any_of(snapshot->lifecycles, [](const auto& named) {
      return named.first == "web-1" && named.second.restarts == 1;
    });
  }));
  scene.show("web-1");
  scene.engine().heal();
  CHECK(eventually([&] { return scene.sampled_by(StatsSource::kernel, "web-1"); }));
}

TEST_CASE("the log explains once that no files are visible, and the Engine samples") {
  Scene scene(asking(StatsChoice::automatic));
  fs::remove_all(scene.tree().path("proc"));
  scene.watch().run_once();
  scene.watch().run_once();
  CHECK(scene.sampled_by(StatsSource::engine, "web-1"));
  CHECK(scene.sampled_by(StatsSource::engine, "web-2"));
  CHECK(scene.watch().log().count("the Engine is asked") == 1);
  CHECK(scene.watch().log().count("path.procfs") == 1);
  CHECK(scene.watch().reports().last().stats_errors == 0);
}

TEST_CASE("the log explains a pid of another pid namespace once") {
  Scene scene(asking(StatsChoice::automatic));
  for (const auto& container : scene.engine().host().containers()) {
    scene.tree().write("proc/" + std::to_string(container.pid) + "/cgroup",
                       "4:memory:/user.slice\n");
  }
  scene.watch().run_once();
  CHECK(scene.sampled_by(StatsSource::engine, "web-1"));
  CHECK(scene.watch().log().count("another pid namespace") == 1);
}

TEST_CASE("the log explains a missing process after the second failure") {
  Scene scene(asking(StatsChoice::automatic));
  scene.watch().run_once();
  CHECK(scene.watch().log().count("level=warn") == 0);
  scene.watch().run_once();
  CHECK(scene.watch().log().count("the Engine is asked") == 1);
  CHECK(scene.sampled_by(StatsSource::engine, "web-1"));
}

TEST_CASE("with the kernel as the only source failures are counted, and the Engine is not asked") {
  Scene scene(asking(StatsChoice::kernel));
  scene.show("web-1");
  scene.watch().run_once();
  const auto snapshot = scene.watch().run_once();
  CHECK(scene.engine().calls(EngineCall::stats) == 0);
  CHECK(scene.sampled_by(StatsSource::kernel, "web-1"));
  CHECK_FALSE(scene.sample("web-2"));
  for (const auto& record : snapshot->containers) {
    if (record.container->name == "web-2") CHECK(record.collect_errors == 1);
  }
  CHECK(scene.watch().reports().last().stats_errors > 0);
  CHECK(scene.watch().log().count("container cannot be read") > 0);
}

TEST_CASE("with the Engine as the only source no file of the kernel is opened") {
  Scene scene(asking(StatsChoice::engine));
  scene.show_all();
  scene.watch().run_once();
  CHECK(scene.sampled_by(StatsSource::engine, "web-1"));
  CHECK(scene.open_files() == 0);
}

TEST_CASE("a container that ends closes its files, and no others") {
  Scene scene(asking(StatsChoice::automatic));
  scene.show_all();
  const auto watching = scene.watch().run();
  REQUIRE(eventually([&] { return scene.containers_by_kernel() == scene.containers_running(); }));
  const auto each = scene.open_files() / scene.containers_running();
  CHECK(each > 10);
  scene.engine().host().stop("web-1");
  CHECK(eventually([&] { return scene.open_files() == each * scene.containers_running(); }));
  CHECK(eventually([&] { return !scene.sample("web-1"); }));
  scene.engine().host().remove("web-2");
  CHECK(eventually([&] { return scene.open_files() == each * scene.containers_running(); }));
}

TEST_CASE("a container that restarts is sampled by its new process") {
  Scene scene(asking(StatsChoice::automatic));
  scene.show_all();
  scene.watch().run_once();
  REQUIRE(scene.sampled_by(StatsSource::kernel, "web-1"));
  const auto old = scene.of("web-1");
  scene.engine().host().restart("web-1");
  REQUIRE(scene.of("web-1").pid != old.pid);
  scene.tree().remove(old);
  scene.show("web-1");
  scene.tree().write("sys/fs/cgroup/cpuacct/docker/" + old.id + "/cpuacct.usage", "1000000000\n");
  scene.watch().run_once();
  REQUIRE(scene.sampled_by(StatsSource::kernel, "web-1"));
  CHECK(scene.sample("web-1")->cpu->usage_seconds == 1);  // the old file still says another number
  CHECK(scene.engine().calls(EngineCall::stats) == 0);
}

TEST_CASE("a setting is read again after an event") {
  Scene scene(asking(StatsChoice::automatic, 20ms));
  scene.show_all();
  const auto limit = [&] {
    const auto sample = scene.sample("web-1");
    return sample ? sample->pids_limit : std::nullopt;
  };
  const auto watching = scene.watch().run();
  REQUIRE(eventually([&] { return limit() == 100U; }));
  scene.tree().write("sys/fs/cgroup/pids/docker/" + scene.of("web-1").id + "/pids.max", "200\n");
  scene.engine().host().set_health("web-1", test::HealthStatus::unhealthy);
  CHECK(eventually([&] { return limit() == 200U; }));
}

TEST_CASE("a container that is started again is sampled by the kernel at once") {
  Scene scene(asking(StatsChoice::automatic));
  scene.show_all();
  const auto watching = scene.watch().run();
  REQUIRE(eventually([&] { return scene.sampled_by(StatsSource::kernel, "web-1"); }));
  scene.engine().host().stop("web-1");
  const auto inspected = scene.engine().calls(EngineCall::inspect);
  REQUIRE(eventually([&] {
    return !scene.sample("web-1") && scene.engine().calls(EngineCall::inspect) > inspected;
  }));
  auto next = scene.of("web-1");
  scene.engine().host().add({.name = "last-1"});
  scene.engine().host().start("last-1");
  next.pid = scene.of("last-1").pid + 1;  // numbers are given in their order
  scene.tree().add(next, "before");
  scene.engine().host().start("web-1");
  REQUIRE(scene.of("web-1").pid == next.pid);
  CHECK(eventually([&] { return scene.sampled_by(StatsSource::kernel, "web-1"); }));
  CHECK(scene.engine().calls(EngineCall::stats) <= 1);  // of last-1, which is not visible
}

TEST_CASE("a container in the host's network has no network counters") {
  Scene scene(asking(StatsChoice::automatic));
  scene.engine().host().add({.name = "hostnet", .network_mode = "host"});
  scene.engine().host().start("hostnet");
  scene.show_all();
  scene.watch().run_once();
  REQUIRE(scene.sampled_by(StatsSource::kernel, "hostnet"));
  CHECK(scene.sample("hostnet")->networks.empty());
  CHECK_FALSE(scene.sample("web-1")->networks.empty());
}

TEST_CASE("a container in another container's network has no network counters from either source") {
  const auto choice = GENERATE(StatsChoice::automatic, StatsChoice::engine);
  Scene scene(asking(choice));
  const auto owner = scene.engine().host().container("web-1").value().id;
  scene.engine().host().add({.name = "joined", .network_mode = "container:" + owner});
  scene.engine().host().start("joined");
  scene.show_all();
  scene.watch().run_once();
  REQUIRE(scene.sample("joined"));
  CHECK(scene.sample("joined")->networks.empty());
  CHECK(scene.sample("joined")->cpu);
  CHECK_FALSE(scene.sample("web-1")->networks.empty());
}

TEST_CASE("the label id is the path that the kernel shows, also after the container has ended") {
  Scene scene(asking(StatsChoice::automatic));
  scene.show_all();
  const auto web = scene.of("web-1");
  const auto place = "/fieldgrp/" + web.id;
  scene.tree().write("proc/" + std::to_string(web.pid) + "/cgroup", "4:memory:" + place + "\n");
  const auto memory = scene.tree().path("sys/fs/cgroup/memory" + place);
  fs::rename(scene.tree().cgroup_file(web.id, "memory/x").parent_path(), memory);
  const auto shown = [&](const std::string& name) {
    for (const auto& record : scene.watch().snapshot()->containers) {
      if (record.container->name == name) return record.cgroup_path;
    }
    return std::string();
  };
  scene.watch().run_once();
  REQUIRE(scene.sampled_by(StatsSource::kernel, "web-1"));
  CHECK(shown("web-1") == place);
  CHECK(shown("web-2") == "/docker/" + scene.of("web-2").id);
  scene.engine().host().stop("web-1");
  scene.watch().run_once();
  REQUIRE_FALSE(scene.sample("web-1"));
  CHECK(shown("web-1") == place);
}

TEST_CASE("hidden processes are logged once, and their numbers are absent") {
  Scene scene(asking(StatsChoice::automatic), 1'000, test::unattended(), cgroup::stat_filesystem,
              {.processes = true});
  scene.show_all();
  for (const auto& container : scene.engine().host().containers()) {
    if (!test::has_processes(container)) continue;
    const auto process = std::to_string(container.pid);
    scene.tree().write("sys/fs/cgroup/cpu/docker/" + container.id + "/cgroup.procs",
                       process + "\n");
    scene.tree().write("proc/" + process + "/task/" + process + "/stat", process + " (x) S 1\n");
    scene.tree().write("proc/" + process + "/fd", "no directory");  // ENOTDIR stands for EACCES
  }
  scene.watch().run_once();
  scene.watch().run_once();
  REQUIRE(scene.sampled_by(StatsSource::kernel, "web-1"));
  REQUIRE(scene.sample("web-1")->processes);
  CHECK(scene.sample("web-1")->processes->threads == 1);
  CHECK_FALSE(scene.sample("web-1")->processes->descriptors);
  CHECK(scene.watch().log().count("cannot be counted") == 1);
}

TEST_CASE("each cycle takes new samples, and readers keep theirs as they were") {
  Scene scene(asking(StatsChoice::automatic, 20ms));
  scene.show_all();
  const auto watching = scene.watch().run();
  REQUIRE(eventually([&] { return scene.sampled_by(StatsSource::kernel, "web-1"); }));
  const auto first = scene.watch().snapshot();
  std::vector<WallTime> read_at;
  for (const auto& record : first->containers) {
    read_at.push_back(record.stats ? record.stats->read_at : WallTime{});
  }
  for (int change = 0; change < 10; ++change) {
    const auto last = scene.sample("web-1")->read_at;
    REQUIRE(eventually([&] {
      const auto sample = scene.sample("web-1");
      return sample && sample->read_at > last;
    }));
  }
  for (std::size_t i = 0; i < first->containers.size(); ++i) {
    const auto& stats = first->containers[i].stats;
    CHECK((stats ? stats->read_at : WallTime{}) == read_at[i]);
  }
  CHECK(scene.engine().calls(EngineCall::stats) == 0);
}

TEST_CASE("what a container used between two cycles shows as the peak of the interval") {
  auto options = asking(StatsChoice::automatic, 50ms);
  options.peak_interval = 1ms;
  Scene scene(options);
  scene.show("web-1");
  const auto web = scene.of("web-1");
  const auto watching = scene.watch().run();
  const std::vector<std::string> in_turn{"900000000\n", "1000\n"};
  std::size_t turn = 0;
  CHECK(eventually([&] {
    scene.tree().write("sys/fs/cgroup/memory/docker/" + web.id + "/memory.usage_in_bytes",
                       in_turn[turn++ % in_turn.size()]);
    const auto sample = scene.sample("web-1");
    return sample && sample->memory && sample->memory->usage_bytes == 1000 &&
           sample->memory->interval_max_usage_bytes == 900'000'000U;
  }));
  const auto by_engine = scene.sample("web-2");
  REQUIRE(by_engine);
  CHECK(by_engine->source == StatsSource::engine);
  CHECK_FALSE(by_engine->memory.value().interval_max_usage_bytes);
}

TEST_CASE("while the Engine is down, running containers keep their resource series") {
  Scene scene(asking(StatsChoice::automatic, 20ms), 0, test::quick());
  scene.show("web-1");
  scene.show("web-2");
  const auto watching = scene.watch().run();
  REQUIRE(eventually([&] { return scene.sampled_by(StatsSource::kernel, "web-1"); }));
  REQUIRE(eventually([&] { return scene.watch().snapshot()->containers.size() == 10; }));

  scene.kill_engine();
  REQUIRE(eventually([&] { return !scene.watch().snapshot()->up; }));
  REQUIRE(eventually([&] { return scene.watch().snapshot()->containers.size() == 2; }));
  const auto down = wall_now();
  REQUIRE(eventually([&] {
    const auto sample = scene.sample("web-1");
    return sample && sample->read_at > down;
  }));
  const auto snapshot = scene.watch().snapshot();
  for (const auto& record : snapshot->containers) {
    CHECK_FALSE(record.state_known);
    CHECK(record.last_seen == record.stats->read_at);
  }
  CHECK(snapshot->lifecycles.empty());

  scene.tree().remove(scene.of("web-2"));  // nobody tells but the kernel
  CHECK(eventually([&] { return scene.watch().snapshot()->containers.size() == 1; }));

  scene.engine().server().listen();
  REQUIRE(eventually([&] { return scene.watch().snapshot()->up; }));
  CHECK(eventually([&] { return scene.watch().snapshot()->containers.size() == 10; }));
  CHECK(eventually([&] { return scene.sampled_by(StatsSource::kernel, "web-1"); }));
}

TEST_CASE("an end while the Engine is down is not logged as a failure") {
  const auto choice = GENERATE(StatsChoice::automatic, StatsChoice::kernel);
  Scene scene(asking(choice, 20ms), 0, test::quick());
  scene.show_all();
  const auto watching = scene.watch().run();
  REQUIRE(eventually([&] { return scene.containers_by_kernel() == scene.containers_running(); }));
  scene.kill_engine();
  REQUIRE(eventually([&] { return !scene.watch().snapshot()->up; }));
  const auto web = scene.of("web-1");
  scene.engine().host().stop("web-1");
  scene.tree().remove(web);
  REQUIRE(eventually([&] { return !scene.sample("web-1"); }));
  const auto cycles = scene.watch().reports().count();
  REQUIRE(eventually([&] { return scene.watch().reports().count() > cycles + 5; }));
  scene.engine().server().listen();
  REQUIRE(eventually([&] { return scene.watch().snapshot()->up; }));
  const auto since = scene.watch().reports().count();
  REQUIRE(eventually([&] { return scene.watch().reports().count() > since + 5; }));
  CHECK(scene.watch().log().count("cannot be read") == 0);
}

TEST_CASE("the machine is sampled every interval, whether or not there are containers") {
  Scene scene(asking(StatsChoice::automatic, 10ms));
  const auto users = [&](const std::string& ticks) {
    scene.tree().write("proc/stat", "cpu  " + ticks + " 0 0 0 0 0 0 0\n");
  };
  const auto shown = [&]() -> std::optional<double> {
    const auto host = scene.watch().snapshot()->host;
    return host && host->use.cpu ? std::optional(host->use.cpu->usage_seconds) : std::nullopt;
  };
  for (const auto& container : scene.engine().host().containers()) {
    std::ignore = scene.engine().host().remove(container.spec.name);
  }
  users("100");
  const auto watching = scene.watch().run();
  REQUIRE(eventually([&] { return shown() == 1.0; }));
  users("200");
  CHECK(eventually([&] { return shown() == 2.0; }));
  scene.kill_engine();
  REQUIRE(eventually([&] { return !scene.watch().snapshot()->up; }));
  users("300");
  CHECK(eventually([&] { return shown() == 3.0; }));
}

TEST_CASE("if nobody sees the machine, only the file system of the Engine's data is sampled") {
  const test::TemporaryDirectory directory;
  const KernelTree tree(CgroupVersion::v1);
  tree.write("proc/stat", "cpu  100 0 0 0 0 0 0 0\n");
  tree.write("proc/self/mountinfo", "26 1 254:0 / / rw - ext4 /dev/sdy1 rw\n");
  const test::SimulatedEngine engine({.socket_path = directory.file("docker.sock")});
  auto options = asking(StatsChoice::automatic);
  options.filesystem_interval = GENERATE(0min, 5min);
  Watch watch(directory.file("docker.sock"), test::unattended(), options,
              KernelView{.paths = tree.paths(), .shows_machine = false});
  const auto host = watch.run_once()->host;
  if (options.filesystem_interval.count() == 0) {
    CHECK_FALSE(host);  // nobody sees the file system either
  } else {
    REQUIRE(host);
    CHECK_FALSE(host->use.cpu);
    CHECK(host->filesystems.size() == 1);
  }
}

TEST_CASE("a file system that hangs is left out and logged once, and sampling goes on") {
  const auto latch = std::make_shared<std::latch>(1);
  Scene scene(asking(StatsChoice::automatic, 20ms), 1'000, test::quick(),
              [latch](const std::string& path) {
                if (path == "/hangs") latch->wait();
                return cgroup::stat_filesystem("/");
              });
  scene.tree().write("proc/self/mountinfo",
                     test::read_file(scene.tree().path("proc/self/mountinfo")) +
                         "26 1 254:0 / /hangs rw - ext4 /dev/sdz1 rw\n"
                         "27 1 254:16 / /good rw - ext4 /dev/sdy1 rw\n");
  scene.show_all();
  const auto watching = scene.watch().run();
  REQUIRE(eventually([&] { return scene.watch().log().count("/dev/sdz1 at /hangs") == 1; }));
  const auto reported = wall_now();
  REQUIRE(eventually([&] {
    const auto sample = scene.sample("web-1");
    return sample && sample->read_at > reported;
  }));
  const auto host = scene.watch().snapshot()->host;
  REQUIRE(host);
  CHECK(host->stuck_filesystems == std::vector<std::string>{"/dev/sdz1 at /hangs"});
  REQUIRE(host->filesystems.size() == 1);
  CHECK(host->filesystems[0].device == "/dev/sdy1");
  scene.kill_engine();
  CHECK(eventually([&] { return !scene.watch().snapshot()->up; }));
  CHECK(scene.watch().log().count("does not answer and is left out") == 1);
  latch->count_down();
}

TEST_CASE("with the Engine as the only source the machine is not sampled") {
  Scene scene(asking(StatsChoice::engine));
  CHECK_FALSE(scene.watch().run_once()->host);
}
