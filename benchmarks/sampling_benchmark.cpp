// What a sample by the kernel's files costs, beside bare programs that read the same files, in one
// run; and what a cycle allocates in the steady state. Run by scripts/bench.sh sampling.
//
// The files are real: of a cgroup made for it, or, where that may not be made, of the root's. Many
// containers are many directories of links to them.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "allocations.h"
#include "monitor/cgroup_sampler.h"
#include "monitor/inventory.h"
#include "monitor/snapshot_recycler.h"
#include "report.h"
#include "statistics.h"
#include "tidegauge/cgroup/container_files.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/config/config.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using bench::median;
using bench::Report;

namespace fs = std::filesystem;

namespace {

constexpr int rounds = 15;
constexpr int samples_a_round = 200;

template <class Work>
double microseconds_of(const Work& work) {
  const auto started = steady_now();
  for (int i = 0; i < samples_a_round; ++i) work();
  return to_seconds(steady_now() - started) * 1e6 / samples_a_round;
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "sampling_benchmark: %s\n", why.c_str());
  std::exit(2);
}

struct KernelFile {
  const char* hierarchy;  ///< below /sys/fs/cgroup, and its name in /proc/<pid>/cgroup
  const char* name;
};

/// As the daemon reads them.
constexpr std::array files_v1{KernelFile{"cpuacct", "cpuacct.usage"},
                              KernelFile{"cpuacct", "cpuacct.stat"},
                              KernelFile{"cpu", "cpu.stat"},
                              KernelFile{"memory", "memory.usage_in_bytes"},
                              KernelFile{"memory", "memory.max_usage_in_bytes"},
                              KernelFile{"memory", "memory.failcnt"},
                              KernelFile{"memory", "memory.kmem.usage_in_bytes"},
                              KernelFile{"memory", "memory.stat"},
                              KernelFile{"memory", "memory.oom_control"},
                              KernelFile{"blkio", "blkio.throttle.io_service_bytes_recursive"},
                              KernelFile{"blkio", "blkio.throttle.io_serviced_recursive"},
                              KernelFile{"blkio", "blkio.bfq.io_service_bytes_recursive"},
                              KernelFile{"blkio", "blkio.bfq.io_serviced_recursive"},
                              KernelFile{"pids", "pids.current"},
                              KernelFile{"pids", "pids.max"}};
constexpr std::array files_v2{
    KernelFile{"", "cpu.stat"},        KernelFile{"", "memory.current"},
    KernelFile{"", "memory.peak"},     KernelFile{"", "memory.swap.current"},
    KernelFile{"", "memory.stat"},     KernelFile{"", "memory.events"},
    KernelFile{"", "io.stat"},         KernelFile{"", "pids.current"},
    KernelFile{"", "pids.max"},        KernelFile{"", "cpu.pressure"},
    KernelFile{"", "memory.pressure"}, KernelFile{"", "io.pressure"}};

/// A machine of containers: /proc and /sys as the daemon is shown them.
class Machine {
 public:
  explicit Machine(std::size_t containers)
      : files_(fs::exists(kernel_ / "cgroup.controllers") ? std::span<const KernelFile>(files_v2)
                                                          : std::span<const KernelFile>(files_v1)) {
    char name[] = "/tmp/tidegauge-bench-XXXXXX";
    if (::mkdtemp(name) == nullptr) give_up("no directory below /tmp");
    root_ = name;
    std::string mounts;
    for (const auto& hierarchy : hierarchies()) {
      std::error_code refused;
      fs::create_directory(kernel_ / hierarchy / own_, refused);
      fs::create_directories(root_ / "sys/fs/cgroup" / hierarchy);
      mounts += "31 23 0:26 / " + (root_ / "sys/fs/cgroup" / hierarchy).lexically_normal().string();
      mounts += hierarchy.empty() ? " rw - cgroup2 cgroup2 rw\n"
                                  : " rw - cgroup cgroup rw," + hierarchy + "\n";
    }
    write("proc/self/mountinfo", mounts);
    write("proc/1/cgroup", "");
    for (std::size_t i = 0; i < containers; ++i) add(static_cast<int>(i) + 2);
  }
  ~Machine() {
    fs::remove_all(root_);
    for (const auto& hierarchy : hierarchies()) ::rmdir((kernel_ / hierarchy / own_).c_str());
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] cgroup::Paths paths() const {
    return {.procfs = root_ / "proc", .sysfs = root_ / "sys"};
  }
  [[nodiscard]] static std::string id_of(int pid) {
    auto digits = std::to_string(pid);
    return std::string(64 - digits.size(), '0') + digits;
  }
  /// All files of one container.
  [[nodiscard]] std::vector<std::string> files_of(int pid) const {
    std::vector<std::string> files;
    for (const auto& [hierarchy, name] : files_) {
      const auto file = directory(pid, hierarchy) / name;
      if (fs::exists(file)) files.push_back(file);
    }
    files.push_back(root_ / "proc" / std::to_string(pid) / "net/dev");
    return files;
  }

 private:
  [[nodiscard]] std::set<std::string> hierarchies() const {
    std::set<std::string> all;
    for (const auto& file : files_) all.insert(file.hierarchy);
    return all;
  }
  [[nodiscard]] fs::path directory(int pid, const std::string& hierarchy) const {
    return root_ / "sys/fs/cgroup" / hierarchy / "docker" / id_of(pid);
  }
  void write(const fs::path& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << text;
  }
  void add(int pid) const {
    std::string membership;
    for (const auto& hierarchy : hierarchies()) {
      fs::create_directories(directory(pid, hierarchy));
      membership += "0:" + hierarchy + ":/docker/" + id_of(pid) + "\n";
    }
    for (const auto& [hierarchy, name] : files_) {
      for (const auto& real : {kernel_ / hierarchy / own_ / name, kernel_ / hierarchy / name}) {
        if (!fs::exists(real)) continue;
        fs::create_symlink(real, directory(pid, hierarchy) / name);
        break;
      }
    }
    const auto process = fs::path("proc") / std::to_string(pid);
    write(process / "cgroup", membership);
    fs::create_directories(root_ / process / "net");
    fs::create_symlink("/proc/self/net/dev", root_ / process / "net/dev");
  }

  const fs::path kernel_ = "/sys/fs/cgroup";
  const std::string own_ = "tidegauge-bench-" + std::to_string(::getpid());
  std::span<const KernelFile> files_;
  fs::path root_;
};

/// The least that a program could do: it reads, and looks at nothing.
class BareProgram {
 public:
  explicit BareProgram(std::vector<std::string> files) : files_(std::move(files)) {
    for (const auto& file : files_) fds_.emplace_back(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  }
  [[nodiscard]] std::size_t size() const { return files_.size(); }
  void read_kept() {
    for (const auto& fd : fds_) read(fd.get());
  }
  void read_opened() {
    for (const auto& file : files_) {
      const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
      read(fd.get());
    }
  }

 private:
  void read(int fd) {
    if (::pread(fd, buffer_.data(), buffer_.size(), 0) < 0) give_up("a file cannot be read");
  }

  std::vector<std::string> files_;
  std::vector<UniqueFd> fds_;
  std::array<char, 16'384> buffer_{};
};

void measure_one(Report& report) {
  const Machine machine(1);
  constexpr int pid = 2;
  BareProgram bare(machine.files_of(pid));
  cgroup::Locator locator(machine.paths());
  cgroup::DescriptorBudget plenty(1'000);
  cgroup::DescriptorBudget none(0);
  const auto open = [&](cgroup::DescriptorBudget& budget) {
    auto location = locator.locate(pid, Machine::id_of(pid));
    if (!location) give_up(location.error().message);
    auto files = cgroup::ContainerFiles::open(*std::move(location), machine.paths(), budget);
    if (!files) give_up(files.error().message);
    return *std::move(files);
  };
  auto kept = open(plenty);
  auto opened = open(none);
  if (kept.kept_open() != bare.size()) give_up("the two do not read the same files");
  cgroup::SamplingContext tools{.devices = cgroup::DeviceNames(machine.paths().sysfs)};
  model::ContainerStats stats;
  const auto sample = [&](cgroup::ContainerFiles& files) {
    if (auto sampled = files.sample(tools, stats); !sampled) give_up(sampled.error().message);
  };
  // In turns, so that whatever else the machine does is shared by all.
  std::vector<double> bare_kept;
  std::vector<double> bare_opened;
  std::vector<double> ours_kept;
  std::vector<double> ours_opened;
  for (int round = 0; round < rounds; ++round) {
    bare_kept.push_back(microseconds_of([&] { bare.read_kept(); }));
    ours_kept.push_back(microseconds_of([&] { sample(kept); }));
    bare_opened.push_back(microseconds_of([&] { bare.read_opened(); }));
    ours_opened.push_back(microseconds_of([&] { sample(opened); }));
  }
  report.note("files of a container", static_cast<double>(bare.size()), "files");
  report.at_most("kernel sample, descriptors kept, against bare reads",
                 {.value = median(ours_kept), .baseline = median(bare_kept), .unit = "us"}, 1.5);
  report.at_most("kernel sample, descriptors kept, against opening each time",
                 {.value = median(ours_kept), .baseline = median(bare_opened), .unit = "us"}, 1);
  report.at_most("kernel sample, descriptors short, against opening each time",
                 {.value = median(ours_opened), .baseline = median(bare_opened), .unit = "us"},
                 1.5);
}

/// What the monitor does in a cycle, without its threads: sample all, note, publish.
double measure_cycle(Report& report, std::size_t containers) {
  const Machine machine(containers);
  const config::MonitorConfig options;
  monitor::Inventory inventory(options, model::StatsSource::kernel);
  monitor::CgroupSampler sampler(machine.paths(), 20 * containers, Milliseconds{0});
  monitor::SnapshotRecycler recycler;
  std::vector<model::ContainerSummary> list;
  for (std::size_t i = 0; i < containers; ++i) {
    const auto id = Machine::id_of(static_cast<int>(i) + 2);
    list.push_back({.id = id, .name = id, .state = model::ContainerState::running});
  }
  inventory.resync(list, moment_now());
  for (std::size_t i = 0; i < containers; ++i) {
    model::Container container;
    container.id = container.name = list[i].id;
    container.state = model::ContainerState::running;
    container.pid = static_cast<int>(i) + 2;
    const auto version = inventory.version(container.id);
    inventory.record_inspected(list[i].id, *version, std::move(container), moment_now());
    sampler.follow(list[i].id, inventory.run_of(list[i].id));
  }
  std::shared_ptr<const model::EngineSnapshot> latest;
  const auto cycle = [&] {
    sampler.prepare(monitor::SampleScope::all, steady_now());
    sampler.sample(steady_now());
    for (const auto* const sampled : sampler.sampled()) {
      if (sampled->second.error) give_up(sampled->second.error->message);
      inventory.record_sampled(sampled->first, sampled->second.sample);
      inventory.record_outcome(sampled->first, monitor::CallKind::sample, std::nullopt,
                               moment_now());
    }
    auto snapshot = recycler.take();
    snapshot->up = true;
    inventory.write_snapshot(*snapshot, moment_now());
    latest = std::move(snapshot);
  };
  for (int i = 0; i < 5; ++i) cycle();  // until every buffer has its size
  const auto before = bench::allocations();
  constexpr int cycles = 10;
  const auto started = steady_now();
  for (int i = 0; i < cycles; ++i) cycle();
  const auto took = to_seconds(steady_now() - started) / cycles;
  sampler.set_peak_interval(Milliseconds{1000});
  const auto loads_started = steady_now();
  for (int i = 0; i < cycles; ++i) sampler.read_loads(steady_now());
  const auto loads_took = to_seconds(steady_now() - loads_started) / cycles;
  const auto made = static_cast<double>(bench::allocations() - before) / cycles;
  const auto count = static_cast<double>(containers);
  const auto of = std::to_string(containers) + " containers";
  report.note("allocations in a cycle of " + of, made, "allocations");
  report.note("a cycle of " + of + ", for each", took * 1e6 / count, "us");
  report.note("a reading of the loads of " + of + ", for each", loads_took * 1e6 / count, "us");
  return made;
}

}  // namespace

int main() {
  Report report;
  measure_one(report);
  const double few = measure_cycle(report, 10);
  for (const std::size_t containers : {100U, 500U}) measure_cycle(report, containers);
  constexpr std::size_t many = 1'000;
  const double most = measure_cycle(report, many);
  report.value_at_most("allocations per container and cycle in the steady state",
                       (most - few) / (many - 10), "allocations", 0);
  measure_cycle(report, 10'000);
  return report.exit_status();
}
