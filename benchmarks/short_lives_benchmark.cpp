// How well short lives are read at their end, without an Engine: 100 processes, each in a cgroup v2
// of its own, live for 200 ms and use the CPU for the last 100 ms of it. The cgroup is removed some
// milliseconds after the process has ended, as a runtime does it. The truth is what the cgroup
// above has used more by then: that counts what ran in cgroups that are gone. Run by
// scripts/bench.sh short_lives; needs root. scripts/short_lives.sh measures the same through an
// Engine.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "report.h"
#include "support/cgroup_hierarchy.h"
#include "tidegauge/cgroup/run_watcher.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;

namespace {

constexpr int lives = 100;
constexpr double seconds_on_cpu = 0.1;
constexpr auto until_removal = 5ms;  // a runtime starts a program for it
constexpr timespec rest{.tv_sec = 0, .tv_nsec = 100'000'000};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "short_lives_benchmark: %s\n", why.c_str());
  std::exit(2);
}

double own_cpu_seconds() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

/// In the cgroup with these processes. Calls only what a child of a program with threads may call.
[[noreturn]] void live(int processes) {
  if (::write(processes, "0", 1) != 1) ::_exit(1);
  ::nanosleep(&rest, nullptr);
  while (own_cpu_seconds() < seconds_on_cpu) {
  }
  ::_exit(0);
}

void live_and_end(const std::string& directory) {
  const UniqueFd processes(::open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  const auto process = ::fork();
  if (process == 0) live(processes.get());
  int status = 0;
  if (::waitpid(process, &status, 0) != process || status != 0)
    give_up("a process in " + directory);
}

double cpu_seconds_of(const std::string& directory) {
  std::ifstream stat(directory + "/cpu.stat");
  std::string key;
  double microseconds = 0;
  stat >> key >> microseconds;
  if (key != "usage_usec") give_up(directory + "/cpu.stat cannot be read");
  return microseconds * 1e-6;
}

std::string id_of(int number) {
  const auto digits = std::to_string(number);
  return std::string(64 - digits.size(), '0') + digits;
}

}  // namespace

int main() {
  const test::CgroupHierarchy hierarchy;
  hierarchy.make("docker");
  constexpr std::size_t plenty = 100;
  cgroup::RunWatcher watcher(hierarchy.paths(), plenty);
  Guarded<std::optional<cgroup::RunNotice>> told;
  const std::jthread thread([&](const std::stop_token& stop) {
    watcher.run(stop, [&](const cgroup::RunNotice& notice) {
      told.with([&](auto& last) { last = notice; });
    });
  });
  int read = 0;
  int close = 0;
  double worst = 0;
  for (int number = 0; number < lives; ++number) {
    const auto id = id_of(number);
    const auto name = "docker/" + id;
    if (!watcher.expect(id, hierarchy.host_path(name))) give_up("a container cannot be expected");
    const auto before = cpu_seconds_of(hierarchy.directory("docker"));
    hierarchy.make(name);
    live_and_end(hierarchy.directory(name));
    std::this_thread::sleep_for(until_removal);
    hierarchy.remove(name);
    const auto used = cpu_seconds_of(hierarchy.directory("docker")) - before;
    std::optional<cgroup::RunNotice> notice;
    for (const auto deadline = steady_now() + 5s; !notice && steady_now() < deadline;) {
      std::this_thread::sleep_for(1ms);
      notice = told.with([](auto& last) { return std::exchange(last, std::nullopt); });
    }
    watcher.forget(id);
    if (!notice || !notice->reading.cpu_seconds) continue;
    const auto error = std::abs(*notice->reading.cpu_seconds - used) / used;
    ++read;
    close += error <= 0.05 ? 1 : 0;
    worst = std::max(worst, error);
  }
  bench::Report report;
  report.value_at_least("lives read at their end, of 100", read, "lives", 99);
  report.value_at_least("of these, CPU time within 5 % of the cgroup's own", close, "lives", 99);
  report.note("the worst of those read is off by", 100 * worst, "%");
  return report.exit_status();
}
