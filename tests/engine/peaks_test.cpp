// Peaks between two samples, on a real Engine, held against what the kernel's files say that was
// used.

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/kernel_files.h"
#include "support/page.h"
#include "support/real_engine.h"
#include "support/wait_until.h"
#include "tidegauge/util/time.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::DaemonProcess;
using test::RealEngine;

namespace {

constexpr double quota = 0.4;  // cores: as much as a busy machine has to spare

/// Lets the container run for a time; returns the cores that it used.
double burst(const RealEngine& engine, const std::string& id, Milliseconds length) {
  const auto used = [&] {
    return test::read_kernel_numbers(RealEngine::cgroup_of(id)).cpu_seconds;
  };
  const auto before = used();
  const auto begun = steady_now();
  engine.command(id, "unpause");
  std::this_thread::sleep_for(length);
  engine.command(id, "pause");
  return (used() - before) / std::chrono::duration<double>(steady_now() - begun).count();
}

}  // namespace

TEST_CASE("a burst between two samples shows, as the kernel's files say it", "[numbers]") {
  const RealEngine engine;
  const auto spin = engine.run("spin", R"({"Cmd": ["sh", "-c", "while :; do :; done"],)"
                                       R"( "HostConfig": {"NanoCpus": 400000000}})");
  engine.command(spin, "pause");
  // 64 MiB for two seconds, and three seconds without.
  std::ignore = engine.run(
      "breathe",
      R"({"Cmd": ["sh", "-c", "while :; do dd if=/dev/zero of=/dev/shm/x bs=1M count=32;)"
      R"( sleep 2; rm /dev/shm/x; sleep 3; done"]})");
  const DaemonProcess daemon(
      {.arguments = {"--pool.socket_path=" + engine.address(), "--web.listen_address=127.0.0.1:0",
                     "--container_monitor.interval=6s", "--container_monitor.peak_interval=1s"}});
  const auto peak = [&](const std::string& metric, const std::string& name) {
    return daemon.page().value(metric, {{"name", name}});
  };
  const auto cores = [&] { return peak("container_cpu_usage_interval_max_cores", "spin"); };
  test::wait_until("an interval has ended without a burst", 30s, [&] { return cores() == 0.0; });

  const auto [length, least] =
      GENERATE(table<Milliseconds, double>({{2500ms, 0.85}, {1200ms, 0.55}}));
  const auto used = burst(engine, spin, length);
  REQUIRE(used > 0);
  double highest = 0;
  test::wait_until("the burst has been shown", 30s, [&] {
    highest = std::max(highest, cores().value_or(0));
    return highest > 0 && cores() == 0.0;
  });
  CHECK(highest >= least * used);
  CHECK(highest <= 1.15 * quota);  // a second has at most eleven of the quota's periods

  constexpr double breath = 32 << 20;
  double lowest = 1e12;
  test::wait_until("the memory is low at a sample", 60s, [&] {
    const auto page = daemon.page();
    const test::Labels breathe{{"name", "breathe"}};
    lowest = std::min(lowest,
                      page.value("container_memory_usage_interval_max_bytes", breathe).value_or(0));
    return page.value("container_memory_usage_bytes", breathe).value_or(breath) < breath;
  });
  CHECK(lowest >= breath);
}
