// The two sources of resource numbers, the kernel's files and the Engine, on a real Engine: that
// they agree, and that the kernel's need no call.

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/engine_states.h"
#include "support/page.h"
#include "support/real_engine.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::DaemonProcess;
using test::Labels;
using test::Page;
using test::RealEngine;

namespace {

constexpr std::string_view sleeper = R"({"Cmd": ["sleep", "inf"]})";

test::DaemonOptions watching(const RealEngine& engine, std::vector<std::string> more = {}) {
  more.push_back("--pool.socket_path=" + engine.address());
  more.emplace_back("--web.listen_address=127.0.0.1:0");
  return {.arguments = std::move(more)};
}

/// The page of one cycle, by one source alone, and the types of its families.
struct OnePage {
  OnePage(const RealEngine& engine, const std::string& source)
      : text(page_of(engine, source)), page(text) {
    std::istringstream lines(text);
    std::string hash;
    std::string keyword;
    std::string name;
    std::string type;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      if (words >> hash >> keyword >> name >> type && keyword == "TYPE") types[name] = type;
    }
  }
  static std::string page_of(const RealEngine& engine, const std::string& source) {
    return test::page_of_one_cycle(engine.address(),
                                   {"--container_monitor.stats_source=" + source});
  }

  std::string text;
  Page page;
  std::map<std::string, std::string> types;
};

bool is_resource_use(const std::string& metric) {
  for (const std::string_view group : {"container_cpu_", "container_memory_", "container_network_",
                                       "container_fs_", "container_blkio_", "container_pids"}) {
    if (metric.starts_with(group)) return true;
  }
  return false;
}

/// What the block devices are called, only sysfs tells: the Engine has their numbers.
Labels comparable(Labels labels) {
  labels.erase("device");
  return labels;
}

/// Memory and the program that a shell has just started come and go between three looks; a counter
/// only grows.
double tolerance(const std::string& metric, const std::string& type) {
  constexpr double memory = 4 << 20;
  constexpr double process = 1;
  if (type == "counter") return 0;
  if (metric == "container_pids") return process;
  return metric.contains("_memory_") ? memory : 0;
}

void compare(const OnePage& before, const OnePage& engine, const OnePage& after) {
  std::size_t compared = 0;
  for (const auto& [series, value] : engine.page.series()) {
    if (!is_resource_use(series.metric)) continue;
    std::ostringstream labels;
    for (const auto& [name, label] : series.labels) labels << " " << name << "=" << label;
    INFO(series.metric << labels.str());
    const auto first = before.page.value(series.metric, comparable(series.labels));
    const auto last = after.page.value(series.metric, comparable(series.labels));
    REQUIRE(first);  // whatever the Engine tells, the kernel does
    REQUIRE(last);
    const auto& type = engine.types.at(series.metric);
    const auto margin = tolerance(series.metric, type);
    CHECK(std::min(*first, *last) - margin <= value);
    CHECK(value <= std::max(*first, *last) + margin);
    if (type == "counter") CHECK(*first <= *last);
    ++compared;
  }
  CHECK(compared > 40);
}

}  // namespace

TEST_CASE("whatever the Engine tells of a container lies between two looks at the kernel's files",
          "[numbers]") {
  const RealEngine engine;
  const auto web = test::run_web(engine);
  std::ignore = engine.run("still", sleeper);
  std::ignore =
      engine.run("nonet", R"({"Cmd": ["sleep", "inf"], "HostConfig": {"NetworkMode": "none"}})");
  std::ignore =
      engine.run("hostnet", R"({"Cmd": ["sleep", "inf"], "HostConfig": {"NetworkMode": "host"}})");
  test::wait_until("web has used everything", 30s, [&] {
    const OnePage page(engine, "engine");
    const Labels of_web{{"name", "web"}};
    return page.page.count("container_fs_writes_bytes_total", of_web) > 0 &&
           page.page.value("container_cpu_user_seconds_total", of_web) > 0 &&
           page.page.value("container_network_transmit_bytes_total", of_web) > 0;
  });

  const OnePage before(engine, "kernel");
  const OnePage by_engine(engine, "engine");
  const OnePage after(engine, "kernel");
  CHECK(before.page.values_of("source", "container_stats_source") ==
        std::set<std::string>{"kernel"});
  CHECK(by_engine.page.values_of("source", "container_stats_source") ==
        std::set<std::string>{"engine"});
  compare(before, by_engine, after);
  CHECK(before.page.value("container_cpu_cfs_periods_total", {{"name", "web"}}).has_value());
  CHECK_FALSE(before.page.value("container_cpu_cfs_periods_total", {{"name", "still"}}));
  CHECK(before.page.count("container_network_", {{"name", "web"}}) > 0);
  CHECK(before.page.count("container_network_", {{"name", "nonet"}}) == 0);
  CHECK(before.page.count("container_network_", {{"name", "hostnet"}}) == 0);
  CHECK(before.page.labels("container_last_seen", {{"name", "web"}}).at("id") ==
        RealEngine::cgroup_of(web));
}

TEST_CASE("by the kernel's files no call is made, and a run's descriptors end with it",
          "[numbers]") {
  const RealEngine engine;
  std::ignore = engine.run("first", sleeper);
  const DaemonProcess daemon(watching(engine));
  const auto sampled = [&](const std::string& name) {
    return daemon.page().value("container_stats_source", {{"name", name}, {"source", "kernel"}}) ==
           1;
  };
  const auto started = [&](const std::string& name) {
    return daemon.page().value("container_start_time_seconds", {{"name", name}});
  };
  test::wait_until("first is sampled", 10s, [&] { return sampled("first"); });
  // Sockets of calls and of scrapes come and go meanwhile.
  const auto open_files = [&] {
    return std::ranges::count_if(daemon.descriptors(), [](const std::string& target) {
      return target.starts_with("/sys/fs/cgroup/") || target.ends_with("/net/dev");
    });
  };
  const auto with_one = open_files();
  CHECK(with_one > 5);

  std::ignore = engine.run("second", sleeper);
  test::wait_until("second is sampled", 2s, [&] { return sampled("second"); });
  test::wait_until("its files are open", 2s, [&] { return open_files() == 2 * with_one; });

  for (int restart = 0; restart < 3; ++restart) {
    const auto before = started("second");
    engine.command("second", "restart?t=0");
    test::wait_until("second is sampled again", 5s,
                     [&] { return started("second") > before && sampled("second"); });
  }
  engine.command("second", "kill");
  test::wait_until("its files are given back", 5s, [&] { return open_files() == with_one; });
  // The page follows within a tenth of a second.
  test::wait_until("second is sampled no more", 5s, [&] { return !sampled("second"); });
  CHECK(sampled("first"));
  CHECK(daemon.page().value("tidegauge_engine_requests_total", {{"call", "container_stats"}}) == 0);
  INFO(daemon.log());
  CHECK_FALSE(daemon.log().contains("level=warn"));
}

TEST_CASE("while the Engine is killed its containers live on, and keep their numbers alone",
          "[numbers]") {
  const RealEngine engine;
  const auto first = engine.run("first", sleeper);
  const DaemonProcess daemon(watching(engine, {"--container_monitor.interval=1s"}));
  const Labels of_first{{"id", RealEngine::cgroup_of(first)}};
  const auto value = [&](std::string_view metric) { return daemon.page().value(metric, of_first); };
  test::wait_until("first is sampled", 10s,
                   [&] { return value("container_cpu_usage_seconds_total").has_value(); });
  engine.kill();
  test::wait_until("the Engine is down", 10s,
                   [&] { return daemon.page().value("tidegauge_engine_up") == 0; });
  const auto then = value("container_last_sample_timestamp_seconds");
  REQUIRE(then);
  test::wait_until("first is sampled all the same", 10s,
                   [&] { return value("container_last_sample_timestamp_seconds") > *then + 1; });
  const auto page = daemon.page();
  CHECK(page.value("container_memory_working_set_bytes", of_first).has_value());
  CHECK(page.value("container_last_seen", of_first).has_value());
  CHECK(page.count("container_state", of_first) == 0);
  CHECK(page.count("container_health_", of_first) == 0);
  CHECK(page.count("container_restartcount", of_first) == 0);
}

TEST_CASE("the machine's own row is what its kernel says", "[numbers]") {
  const RealEngine engine;
  const auto cpu_seconds = [] {
    std::ifstream stat("/proc/stat");
    std::string word;
    std::array<double, 7> ticks{};
    stat >> word;
    for (auto& number : ticks) stat >> number;
    const auto [user, nice, system, idle, io_wait, irq, soft_irq] = ticks;
    return (user + nice + system + irq + soft_irq) / 100;
  };
  struct statvfs disk{};
  REQUIRE(::statvfs(engine.directory().c_str(), &disk) == 0);

  const auto before = cpu_seconds();
  const auto page = OnePage(engine, "auto").page;
  const auto after = cpu_seconds();

  const Labels machine{{"id", "/"}};
  const auto used =
      page.value("container_cpu_usage_seconds_total", {{"id", "/"}, {"cpu", "total"}});
  CHECK(used >= before);
  CHECK(used <= after);
  CHECK(page.value("container_spec_memory_limit_bytes", machine) ==
        page.value("machine_memory_bytes"));
  CHECK(page.value("container_memory_usage_bytes", machine) <
        page.value("machine_memory_bytes").value());
  // The Engine's data are in there.
  CHECK(std::ranges::any_of(page.series(), [&](const auto& sample) {
    return sample.first.metric == "container_fs_limit_bytes" &&
           sample.second == static_cast<double>(disk.f_blocks) * static_cast<double>(disk.f_frsize);
  }));
}

TEST_CASE("what costs more than the rest is counted where it is asked for", "[numbers]") {
  const RealEngine engine;
  std::ignore = engine.run("two", R"({"Cmd": ["sh", "-c", "sleep 1000 & sleep 1000"]})");
  const Page page(
      test::page_of_one_cycle(engine.address(), {"--metrics.enable=processes,per_cpu"}));
  const Labels of{{"name", "two"}};
  CHECK(page.value("container_processes", of) == page.value("container_pids", of));
  CHECK(page.value("container_threads", of) == page.value("container_pids", of));
  CHECK(page.value("container_file_descriptors", of) >=
        3 * page.value("container_processes", of).value());
  CHECK(page.value("container_sockets", of) == 0);
  CHECK(page.value("container_tasks_state", {{"name", "two"}, {"state", "sleeping"}}) >= 2);
  CHECK(page.value("container_threads_max", of) ==
        page.value("container_pids_limit", of).value_or(0));
  CHECK(page.value("container_ulimits_soft", {{"name", "two"}, {"ulimit", "max_open_files"}}) > 0);
  const auto by_cpu = page.count("container_cpu_usage_seconds_total", of);
  const bool keeps_them = std::filesystem::exists("/sys/fs/cgroup/cpuacct/cpuacct.usage_percpu");
  CHECK(by_cpu == (keeps_them ? std::thread::hardware_concurrency() : 1));
}

TEST_CASE("connections, counters of TCP and huge pages are shown where they are asked for",
          "[numbers]") {
  const RealEngine engine;
  const auto server =
      engine.run("server", R"({"Cmd": ["busybox", "httpd", "-f", "-p", "127.0.0.1:8080"]})");
  std::ignore =
      engine.run("hostnet", R"({"Cmd": ["sleep", "inf"], "HostConfig": {"NetworkMode": "host"}})");
  const DaemonProcess daemon(
      watching(engine, {"--metrics.enable=connections,tcp_statistics,huge_pages",
                        "--container_monitor.interval=1s"}));
  const auto in = [&](std::string_view metric, const std::string& state) {
    return daemon.page().value(metric, {{"name", "server"}, {"tcp_state", state}});
  };
  test::wait_until("the server listens", 10s,
                   [&] { return in("container_network_tcp_usage_total", "listen") == 1; });
  CHECK(in("container_network_tcp_usage_total", "established") == 0);
  CHECK(in("container_network_advance_tcp_stats_total", "currestab") == 0);
  const auto page = daemon.page();
  CHECK(page.count("container_network_udp_usage_total", {{"name", "server"}}) == 4);
  CHECK(page.count("container_network_advance_tcp_stats_total", {{"name", "server"}}) > 50);
  CHECK(page.count("container_network_", {{"name", "hostnet"}}) == 0);
  const auto cgroup = "/sys/fs/cgroup" + RealEngine::cgroup_of(server);
  CHECK(page.value("container_hugetlb_usage_bytes", {{"name", "server"}, {"pagesize", "2MB"}})
            .has_value() == std::filesystem::exists(cgroup + "/hugetlb.2MB.current"));
}
