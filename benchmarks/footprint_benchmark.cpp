// What the daemon costs a host at its default options, scraped every ten seconds: its own CPU time
// and memory, and what it makes the Engine do, which is measured with and without it in turn.
//
// `footprint_benchmark SOCKET [WINDOWS [SECONDS]]`: five windows of a minute each, with the daemon,
// without, and with the daemon and a peak_interval, unless told otherwise. The Engine's containers
// should be left alone meanwhile.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "report.h"
#include "statistics.h"
#include "support/daemon_process.h"
#include "support/engine_client.h"
#include "support/page.h"
#include "support/wait_until.h"
#include "tidegauge/util/time.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using bench::median;
using bench::Report;
using test::DaemonProcess;
using test::Page;

namespace fs = std::filesystem;

namespace {

constexpr auto scrape_interval = 10s;
constexpr auto settling = 20s;  // two intervals
constexpr double mib = 1024 * 1024;

struct Plan {
  std::string socket;
  int windows = 5;
  std::chrono::seconds window = 60s;
};

/// Of a process: /proc/<pid>/stat from its state on.
struct Process {
  std::string name;
  pid_t parent = 0;
  double cpu_seconds = 0;
};

std::optional<Process> read_process(const fs::path& directory) {
  std::ifstream file(directory / "stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto begin = text.find('(');
  const auto end = text.rfind(')');
  if (begin == std::string::npos || end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(end + 2));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  constexpr std::size_t parent = 1;
  constexpr std::size_t user = 11;
  constexpr std::size_t system = 12;
  if (fields.size() <= system) return std::nullopt;
  return Process{.name = text.substr(begin + 1, end - begin - 1),
                 .parent = std::stoi(fields[parent]),
                 .cpu_seconds = (std::stod(fields[user]) + std::stod(fields[system])) /
                                static_cast<double>(::sysconf(_SC_CLK_TCK))};
}

void for_each_process(const std::function<void(const fs::path&, const Process&)>& use) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (const auto process = read_process(entry.path())) use(entry.path(), *process);
  }
}

/// Of dockerd, containerd and the shims, all there are on this machine.
double engine_cpu_seconds() {
  double sum = 0;
  for_each_process([&](const fs::path&, const Process& process) {
    if (process.name == "dockerd" || process.name.starts_with("containerd")) {
      sum += process.cpu_seconds;
    }
  });
  return sum;
}

/// By the scheduler's own account of its threads, which all live as long as it does: finer than the
/// ticks of stat, of which it takes few.
double daemon_cpu_seconds() {
  double nanoseconds = 0;
  for_each_process([&](const fs::path& directory, const Process& process) {
    if (process.name != "tidegauge" || process.parent != ::getpid()) return;
    for (const auto& thread : fs::directory_iterator(directory / "task")) {
      double ran = 0;
      std::ifstream(thread.path() / "schedstat") >> ran;
      nanoseconds += ran;
    }
  });
  return nanoseconds * 1e-9;
}

/// Of the daemon, in bytes: "RssAnon" and the like of /proc/<pid>/status.
double memory_of_daemon(std::string_view key) {
  double bytes = 0;
  for_each_process([&](const fs::path& directory, const Process& process) {
    if (process.name != "tidegauge" || process.parent != ::getpid()) return;
    std::ifstream status(directory / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(key)) bytes = std::stod(line.substr(key.size() + 1)) * 1024;
    }
  });
  return bytes;
}

/// Calls `each` every scrape interval until the window is over.
void pass(std::chrono::seconds window, const std::function<void()>& each) {
  for (const auto end = steady_now() + window; steady_now() < end;) {
    std::this_thread::sleep_for(
        std::min<SteadyTime::duration>(scrape_interval, end - steady_now()));
    each();
  }
}

struct Measured {
  std::vector<double> daemon, daemon_with_peaks, engine_with,
      engine_without;  // in percent of a core
  double resident = 0, anonymous = 0;
};

test::DaemonOptions options(const Plan& plan) {
  return {.arguments = {"--pool.socket_path=" + plan.socket, "--web.listen_address=127.0.0.1:0"}};
}

void measure_with(const Plan& plan, Measured& measured) {
  const DaemonProcess daemon(options(plan));
  const auto scrape = [&] { std::ignore = daemon.page_text(); };
  pass(settling, scrape);
  const auto daemon_before = daemon_cpu_seconds();
  const auto engine_before = engine_cpu_seconds();
  pass(plan.window, scrape);
  const auto percent = 100 / to_seconds(plan.window);
  measured.engine_with.push_back((engine_cpu_seconds() - engine_before) * percent);
  measured.daemon.push_back((daemon_cpu_seconds() - daemon_before) * percent);
  measured.resident = memory_of_daemon("VmRSS:");
  measured.anonymous = memory_of_daemon("RssAnon:");
}

void measure_with_peaks(const Plan& plan, Measured& measured) {
  auto with_peaks = options(plan);
  with_peaks.arguments.emplace_back("--container_monitor.peak_interval=1s");
  const DaemonProcess daemon(with_peaks);
  const auto scrape = [&] { std::ignore = daemon.page_text(); };
  pass(settling, scrape);
  const auto before = daemon_cpu_seconds();
  pass(plan.window, scrape);
  measured.daemon_with_peaks.push_back((daemon_cpu_seconds() - before) * 100 /
                                       to_seconds(plan.window));
}

void measure_without(const Plan& plan, Measured& measured) {
  std::this_thread::sleep_for(settling);
  const auto before = engine_cpu_seconds();
  std::this_thread::sleep_for(plan.window);
  measured.engine_without.push_back((engine_cpu_seconds() - before) * 100 /
                                    to_seconds(plan.window));
}

double running_containers(const std::string& socket) {
  const auto page = test::run_once({.arguments = {"--pool.socket_path=" + socket}}).page;
  return Page(page).value("tidegauge_engine_containers", {{"state", "running"}}).value_or(0);
}

void report_on(const Measured& measured, double containers, Report& report) {
  // Figures for 200 containers; from there to 1,000 they may grow along.
  const auto many = std::max(1.0, containers / 200);
  const auto resident_limit = 20 + (std::max(containers, 200.0) - 200) * (45.0 - 20) / 800;
  report.note("footprint: containers", containers, "1");
  report.value_at_most("footprint: CPU of the daemon, median", median(measured.daemon),
                       "% of a core", 0.25 * many);
  report.value_at_most("footprint: CPU that a peak_interval of 1s adds, between the medians",
                       median(measured.daemon_with_peaks) - median(measured.daemon), "% of a core",
                       0.25 * many);
  report.note("footprint: CPU of the Engine without, least",
              std::ranges::min(measured.engine_without), "% of a core");
  report.value_at_most(
      "footprint: CPU of the Engine with the daemon, median, against the most without",
      median(measured.engine_with), "% of a core", std::ranges::max(measured.engine_without));
  report.value_at_most("footprint: resident memory", measured.resident / mib, "MiB",
                       resident_limit);
  report.value_at_most("footprint: anonymous memory", measured.anonymous / mib, "MiB", 8 * many);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "footprint_benchmark SOCKET [WINDOWS [SECONDS]]: needs the socket of an Engine\n";
    return 2;
  }
  Plan plan{.socket = arguments[1]};
  if (count > 2) plan.windows = std::max(1, std::atoi(arguments[2]));
  if (count > 3) plan.window = std::chrono::seconds(std::max(10, std::atoi(arguments[3])));
  Measured measured;
  for (int window = 0; window < plan.windows; ++window) {
    measure_without(plan, measured);
    measure_with(plan, measured);
    measure_with_peaks(plan, measured);
    std::cerr << "window " << window + 1 << ": daemon " << measured.daemon.back()
              << " %, with peaks " << measured.daemon_with_peaks.back() << " %, Engine "
              << measured.engine_with.back() << " % with, " << measured.engine_without.back()
              << " % without\n";
  }
  Report report;
  report_on(measured, running_containers(plan.socket), report);
  return report.exit_status();
}
