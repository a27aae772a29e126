// What it costs to be told of kills for memory beside many containers that live at their memory
// limit. Run by scripts/bench.sh thrashing; needs root, and cgroup v2 with the controller hugetlb.
//
// The memory.events of such a container changes all the time, and the kernel tells that up to 100
// times a second. Here hugetlb.2MB.events stands for that file: its changes are told by the same
// code of the kernel at the same pace, it has the same "max", and its limit is hit without any use
// of memory. cgroup.events and cpu.stat are those of real cgroups with a process in each. The
// watcher is the daemon's.

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "report.h"
#include "tidegauge/cgroup/run_watcher.h"

using namespace tidegauge;
using bench::Report;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t containers = 200;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "thrashing_benchmark: %s: %s\n", why.c_str(), std::strerror(errno));
  std::exit(2);
}

void write(const fs::path& file, const std::string& text) {
  std::ofstream out(file);
  if (!(out << text).flush()) give_up("writing " + text + " to " + file.string());
}

std::string read(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Hits the limit about 120 times a second until it is killed, or the benchmark has ended.
[[noreturn]] void thrash() {
  constexpr std::size_t page = 2UL << 20;
  constexpr timespec pause{.tv_sec = 0, .tv_nsec = 8'000'000};
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (true) {
    auto* const memory = ::mmap(nullptr, page, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    if (memory != MAP_FAILED) ::_exit(1);
    ::nanosleep(&pause, nullptr);
  }
}

/// Real cgroups with a process in each, and the /proc and /sys that show them to the watcher as
/// those of containers.
class Machine {
 public:
  Machine() {
    char name[] = "/tmp/tidegauge-bench-XXXXXX";
    if (::mkdtemp(name) == nullptr) give_up("a directory below /tmp");
    root_ = name;
    find_hierarchy();
    had_controller_ = read(kernel_ / "cgroup.subtree_control").contains("hugetlb");
    write(kernel_ / "cgroup.subtree_control", "+hugetlb");
    fs::create_directories(root_ / "proc/self");
    fs::create_directories(shown_ = root_ / "sys/fs/cgroup");
    write(root_ / "proc/self/mountinfo",
          "31 23 0:26 / " + shown_.string() + " rw - cgroup2 cgroup2 rw\n");
    write(shown_ / "cgroup.controllers", "memory\n");
    for (std::size_t i = 0; i < containers; ++i) add(i);
  }
  ~Machine() {
    for (const auto process : processes_) ::kill(process, SIGKILL);
    for (const auto process : processes_) ::waitpid(process, nullptr, 0);
    for (std::size_t i = 0; i < containers; ++i) ::rmdir(cgroup(i).c_str());
    if (!had_controller_) std::ofstream(kernel_ / "cgroup.subtree_control") << "-hugetlb";
    if (is_mounted_) ::umount2(kernel_.c_str(), MNT_DETACH);
    fs::remove_all(root_);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] cgroup::Paths paths() const {
    return {.procfs = root_ / "proc", .sysfs = root_ / "sys"};
  }
  [[nodiscard]] static std::string id_of(std::size_t number) {
    const auto digits = std::to_string(number);
    return std::string(64 - digits.size(), '0') + digits;
  }
  void send(int signal) const {
    for (const auto process : processes_) ::kill(process, signal);
  }
  /// How often the limits were hit, all together.
  [[nodiscard]] double hits() const {
    double all = 0;
    for (std::size_t i = 0; i < containers; ++i) {
      std::ifstream events(cgroup(i) / "hugetlb.2MB.events");
      std::string key;
      double count = 0;
      events >> key >> count;
      all += count;
    }
    return all;
  }

 private:
  void find_hierarchy() {
    kernel_ = "/sys/fs/cgroup";
    if (fs::exists(kernel_ / "cgroup.controllers")) return;
    fs::create_directory(kernel_ = root_ / "kernel");
    if (::mount("none", kernel_.c_str(), "cgroup2", 0, nullptr) != 0) give_up("mounting cgroup2");
    is_mounted_ = true;
  }
  [[nodiscard]] fs::path cgroup(std::size_t number) const {
    return kernel_ / ("tidegauge-bench-" + std::to_string(number));
  }
  void add(std::size_t number) {
    const auto real = cgroup(number);
    fs::create_directory(real);
    write(real / "hugetlb.2MB.rsvd.max", "0");
    const auto directory = shown_ / "docker" / id_of(number);
    fs::create_directories(directory);
    fs::create_symlink(real / "cgroup.events", directory / "cgroup.events");
    fs::create_symlink(real / "cpu.stat", directory / "cpu.stat");
    fs::create_symlink(real / "hugetlb.2MB.events", directory / "memory.events");
    const auto process = ::fork();
    if (process == 0) {
      ::raise(SIGSTOP);
      thrash();
    }
    if (process < 0) give_up("fork");
    processes_.push_back(process);
    write(real / "cgroup.procs", std::to_string(process));
  }

  fs::path root_;
  fs::path kernel_;
  fs::path shown_;
  bool is_mounted_ = false;
  bool had_controller_ = false;
  std::vector<pid_t> processes_;
};

double cpu_seconds_of(std::jthread& thread) {
  clockid_t clock{};
  timespec used{};
  if (::pthread_getcpuclockid(thread.native_handle(), &clock) != 0) give_up("the thread's clock");
  ::clock_gettime(clock, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

/// The cores that the thread uses, on average over a window.
double cores_of(std::jthread& thread, std::chrono::seconds window) {
  const auto before = cpu_seconds_of(thread);
  const auto started = steady_now();
  std::this_thread::sleep_for(window);
  return (cpu_seconds_of(thread) - before) / to_seconds(steady_now() - started);
}

}  // namespace

int main(int count, char** arguments) {
  const std::chrono::seconds window(count > 1 ? std::atoi(arguments[1]) : 60);
  Report report;
  const Machine machine;
  cgroup::RunWatcher watcher(machine.paths(), containers * 6);
  if (watcher.why_unsupported()) give_up(watcher.why_unsupported()->message);
  std::jthread thread([&](const std::stop_token& stop) {
    watcher.run(stop, [](const cgroup::RunNotice&) { give_up("a notice"); });
  });
  for (std::size_t i = 0; i < containers; ++i) {
    const auto id = Machine::id_of(i);
    if (!watcher.expect(id, "/docker/" + id)) give_up("expecting a container");
  }
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const auto coverage = watcher.coverage();
  if (coverage.expected != containers || coverage.unwatched > 0) give_up(coverage.reason);
  const auto quiet = cores_of(thread, window);
  machine.send(SIGCONT);
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const auto before = machine.hits();
  const auto busy = cores_of(thread, window);
  const auto hits = (machine.hits() - before) / static_cast<double>(window.count()) / containers;
  report.value_at_least("limit hits of a container, a second", hits, "hits", 80);
  report.note("the watcher beside 200 quiet containers", 100 * quiet, "% of a core");
  report.value_at_most("the watcher beside 200 containers at their limit, more than that",
                       100 * (busy - quiet), "% of a core", 0.1);
  return report.exit_status();
}
