#include "tidegauge/cgroup/container_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>

#include "cgroup/huge_pages.h"
#include "cgroup/parsers.h"
#include "cgroup/process_counter.h"

namespace tidegauge::cgroup {

using config::OptionalGroups;
using model::ConnectionStats;
using model::ContainerStats;
using model::MemoryStats;
using Reason = CgroupError::Reason;

/// One file: where it is, and what its text means.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order in which it is read
struct FileSpec {
  std::optional<Hierarchy> hierarchy;  ///< none: a file below /proc/<pid>
  std::string_view name;
  void (*read)(std::string_view text, ContainerStats& stats);
  /// Not read where this hierarchy of v1 exists, because its files have the same numbers.
  std::optional<Hierarchy> instead = {};
  std::string_view older_name = {};        ///< the name on older kernels
  bool OptionalGroups::* group = nullptr;  ///< read only if this group is requested
  /// Read only where the file before it names a device, because both files name the same devices.
  bool of_same_devices = false;
  bool of_bfq = false;   ///< read only if a device uses the scheduler BFQ
  bool of_load = false;  ///< also read for the load alone
  /// A setting, which changes seldom: its value is kept until settings are due again.
  std::optional<std::uint64_t> ContainerStats::* setting = nullptr;
};

namespace {

/// Reads a file of one number.
template <std::optional<std::uint64_t> MemoryStats::* member>
void memory_count(std::string_view text, ContainerStats& stats) {
  if (stats.memory) (*stats.memory).*member = parse_count(text);
}

template <std::optional<std::uint64_t> ContainerStats::* member>
void count(std::string_view text, ContainerStats& stats) {
  stats.*member = parse_count(text);
}

void memory_usage(std::string_view text, ContainerStats& stats) {
  if (const auto usage = parse_count(text)) stats.memory = MemoryStats{.usage_bytes = *usage};
}

template <auto member, auto parse>
void sockets(std::string_view text, ContainerStats& stats) {
  if (!stats.connections) stats.connections.emplace();
  (*stats.connections).*member = parse(text);
}

void tcp_statistics(std::string_view text, ContainerStats& stats) {
  parse_tcp_statistics(text, stats.tcp_statistics);
}

constexpr std::string_view bfq_bytes = "blkio.bfq.io_service_bytes_recursive";

/// As "254:0 Read 4096"; where there is none, only a total is told.
bool names_device(std::string_view text) {
  return text.contains(':');
}

/// Where the numbers of a resource begin, the file that they cannot be without comes first.
constexpr FileSpec rows[] = {
    {.hierarchy = Hierarchy::cpuacct,
     .name = "cpuacct.usage",
     .read =
         [](std::string_view text, ContainerStats& stats) {
           const auto usage = parse_cpuacct_usage(text);
           if (usage) stats.cpu.emplace().usage_seconds = *usage;
         },
     .of_load = true},
    {Hierarchy::cpuacct, "cpuacct.stat",
     [](std::string_view text, ContainerStats& stats) {
       if (!stats.cpu) return;
       const auto times = parse_cpuacct_stat(text);
       stats.cpu->user_seconds = times.user_seconds;
       stats.cpu->system_seconds = times.system_seconds;
     }},
    {.hierarchy = Hierarchy::cpuacct,
     .name = "cpuacct.usage_percpu",
     .read =
         [](std::string_view text, ContainerStats& stats) {
           if (stats.cpu) stats.cpu->per_cpu_seconds = parse_cpuacct_usage_percpu(text);
         },
     .group = &OptionalGroups::per_cpu},
    {Hierarchy::cpu, "cpu.stat",
     [](std::string_view text, ContainerStats& stats) {
       if (stats.cpu) stats.cpu->throttling = parse_cpu_stat_v1(text);
     }},
    {.hierarchy = Hierarchy::unified,
     .name = "cpu.stat",
     .read = [](std::string_view text,
                ContainerStats& stats) { stats.cpu = parse_cpu_stat_v2(text); },
     .instead = Hierarchy::cpuacct,
     .of_load = true},

    {.hierarchy = Hierarchy::memory,
     .name = "memory.usage_in_bytes",
     .read = memory_usage,
     .of_load = true},
    {Hierarchy::memory, "memory.max_usage_in_bytes", memory_count<&MemoryStats::max_usage_bytes>},
    {Hierarchy::memory, "memory.failcnt", memory_count<&MemoryStats::fail_count>},
    {Hierarchy::memory, "memory.kmem.usage_in_bytes", memory_count<&MemoryStats::kernel_bytes>},
    {Hierarchy::memory, "memory.stat",
     [](std::string_view text, ContainerStats& stats) {
       if (stats.memory) parse_memory_stat_v1(text, *stats.memory);
     }},
    {Hierarchy::memory, "memory.oom_control",
     [](std::string_view text, ContainerStats& stats) {
       if (stats.memory) stats.memory->events.oom_kill = parse_count_of(text, "oom_kill");
     }},
    {.hierarchy = Hierarchy::unified,
     .name = "memory.current",
     .read = memory_usage,
     .of_load = true},
    {Hierarchy::unified, "memory.peak", memory_count<&MemoryStats::max_usage_bytes>},
    {Hierarchy::unified, "memory.swap.current", memory_count<&MemoryStats::swap_bytes>},
    {Hierarchy::unified, "memory.stat",
     [](std::string_view text, ContainerStats& stats) {
       if (stats.memory) parse_memory_stat_v2(text, *stats.memory);
     }},
    {Hierarchy::unified, "memory.events",
     [](std::string_view text, ContainerStats& stats) {
       if (!stats.memory) return;
       stats.memory->events = parse_memory_events(text);
       stats.memory->fail_count = stats.memory->events.max;
     }},

    // On newer kernels the first two have numbers only with a throttling rule, the others only with
    // the scheduler BFQ.
    {.hierarchy = Hierarchy::blkio,
     .name = "blkio.throttle.io_service_bytes_recursive",
     .read = [](std::string_view text,
                ContainerStats& stats) { parse_blkio_bytes(text, stats.block_io); },
     .older_name = "blkio.throttle.io_service_bytes"},
    {.hierarchy = Hierarchy::blkio,
     .name = "blkio.throttle.io_serviced_recursive",
     .read = [](std::string_view text,
                ContainerStats& stats) { parse_blkio_operations(text, stats.block_io); },
     .older_name = "blkio.throttle.io_serviced",
     .of_same_devices = true},
    {.hierarchy = Hierarchy::blkio,
     .name = bfq_bytes,
     .read = [](std::string_view text,
                ContainerStats& stats) { parse_blkio_bytes(text, stats.block_io); },
     .of_bfq = true},
    {.hierarchy = Hierarchy::blkio,
     .name = "blkio.bfq.io_serviced_recursive",
     .read = [](std::string_view text,
                ContainerStats& stats) { parse_blkio_operations(text, stats.block_io); },
     .of_same_devices = true,
     .of_bfq = true},
    {Hierarchy::unified, "io.stat",
     [](std::string_view text, ContainerStats& stats) { parse_io_stat(text, stats.block_io); }},

    {Hierarchy::pids, "pids.current", count<&ContainerStats::pids>},
    {.hierarchy = Hierarchy::pids,
     .name = "pids.max",
     .read = count<&ContainerStats::pids_limit>,
     .setting = &ContainerStats::pids_limit},
    {Hierarchy::unified, "pids.current", count<&ContainerStats::pids>},
    {.hierarchy = Hierarchy::unified,
     .name = "pids.max",
     .read = count<&ContainerStats::pids_limit>,
     .setting = &ContainerStats::pids_limit},

    {Hierarchy::unified, "cpu.pressure",
     [](std::string_view text, ContainerStats& stats) {
       stats.pressure.emplace().cpu = parse_pressure(text);
     }},
    {Hierarchy::unified, "memory.pressure",
     [](std::string_view text, ContainerStats& stats) {
       if (stats.pressure) stats.pressure->memory = parse_pressure(text);
     }},
    {Hierarchy::unified, "io.pressure",
     [](std::string_view text, ContainerStats& stats) {
       if (stats.pressure) stats.pressure->io = parse_pressure(text);
     }},

    {std::nullopt, "net/dev",
     [](std::string_view text, ContainerStats& stats) { parse_net_dev(text, stats.networks); }},
    {.name = "net/tcp",
     .read = sockets<&ConnectionStats::tcp, parse_tcp_sockets>,
     .group = &OptionalGroups::connections},
    {.name = "net/tcp6",
     .read = sockets<&ConnectionStats::tcp6, parse_tcp_sockets>,
     .group = &OptionalGroups::connections},
    {.name = "net/udp",
     .read = sockets<&ConnectionStats::udp, parse_udp_sockets>,
     .group = &OptionalGroups::connections},
    {.name = "net/udp6",
     .read = sockets<&ConnectionStats::udp6, parse_udp_sockets>,
     .group = &OptionalGroups::connections},
    {.name = "net/snmp", .read = tcp_statistics, .group = &OptionalGroups::tcp_statistics},
    {.name = "net/netstat", .read = tcp_statistics, .group = &OptionalGroups::tcp_statistics},
};

/// A file that is there and has nothing to say, as *.pressure where the kernel was started so, or
/// more than anybody would wait for, as a list of a hundred thousand connections.
bool says_nothing(int error) noexcept {
  return error == EOPNOTSUPP || error == EINVAL || error == EFBIG;
}

bool exists(const std::string& path, struct stat& status) noexcept {
  return ::stat(path.c_str(), &status) == 0;
}

/// Nothing of the sample before, but for the memory of its vectors.
void clear(ContainerStats& stats) noexcept {
  auto networks = std::move(stats.networks);
  auto block_io = std::move(stats.block_io);
  networks.clear();
  block_io.clear();
  stats = ContainerStats{.source = model::StatsSource::kernel};
  stats.networks = std::move(networks);
  stats.block_io = std::move(block_io);
}

/// All processes of a network namespace share the files below net. The host's are no container's.
bool is_hosts(const struct stat& status, const Paths& paths, std::string_view name) {
  struct stat host{};
  return exists((paths.procfs + "/1/").append(name), host) && host.st_ino == status.st_ino &&
         host.st_dev == status.st_dev;
}

/// Fills in the values that need more than one file.
void finish(ContainerStats& stats, DeviceNames& devices) {
  if (stats.memory) {
    stats.memory->working_set_bytes =
        model::working_set(stats.memory->usage_bytes, stats.memory->inactive_file_bytes);
  }
  for (auto& io : stats.block_io) io.device = devices.name(io.major, io.minor);
}

}  // namespace

bool is_bfq_used(std::string_view blkio, FileReader& reader) {
  const auto text = reader.read(std::string(blkio).append("/").append(bfq_bytes).c_str());
  return !text || names_device(*text);
}

std::expected<ContainerFiles, CgroupError> ContainerFiles::open(
    Location location, const Paths& paths, DescriptorBudget& budget,
    const OptionalGroups& optional_groups) {
  ContainerFiles files(std::move(location), paths, budget, optional_groups);
  if (auto refused = files.find(paths)) return std::unexpected(*std::move(refused));
  if (files.files_.empty()) {
    return std::unexpected(CgroupError{
        Reason::gone, "the cgroup " + files.location_.path + " has none of the files known here"});
  }
  if (auto opened = files.open_all(); !opened) return std::unexpected(opened.error());
  return files;
}

ContainerFiles::ContainerFiles(Location location, const Paths& paths, DescriptorBudget& budget,
                               const OptionalGroups& optional_groups)
    : location_(std::move(location)),
      procfs_(paths.procfs),
      process_(procfs_ + "/" + std::to_string(location_.pid)),
      budget_(&budget),
      optional_groups_(optional_groups) {}

ContainerFiles::ContainerFiles(ContainerFiles&& other) noexcept
    : location_(std::move(other.location_)),
      procfs_(std::move(other.procfs_)),
      process_(std::move(other.process_)),
      budget_(other.budget_),
      optional_groups_(other.optional_groups_),
      files_(std::move(other.files_)),
      kept_(std::exchange(other.kept_, 0)) {}

ContainerFiles& ContainerFiles::operator=(ContainerFiles&& other) noexcept {
  if (this == &other) return *this;
  close();
  location_ = std::move(other.location_);
  procfs_ = std::move(other.procfs_);
  process_ = std::move(other.process_);
  budget_ = other.budget_;
  optional_groups_ = other.optional_groups_;
  files_ = std::move(other.files_);
  kept_ = std::exchange(other.kept_, 0);
  return *this;
}

ContainerFiles::~ContainerFiles() {
  close();
}

void ContainerFiles::close() noexcept {
  files_.clear();
  budget_->give_back(std::exchange(kept_, 0));
}

/// Which of them are there, without opening any. Nothing, unless the system refuses to tell.
std::optional<CgroupError> ContainerFiles::find(const Paths& paths) {
  struct stat status{};
  std::string path;
  for (const auto& row : rows) {
    if (row.hierarchy && location_.directory(*row.hierarchy).empty()) continue;
    if (row.group != nullptr && !(optional_groups_.*row.group)) continue;
    if (row.instead && !location_.directory(*row.instead).empty()) continue;
    for (const auto name : {row.name, row.older_name}) {
      if (name.empty()) continue;
      put_path({.row = &row, .name = name}, path);
      if (!exists(path, status)) {
        if (errno == EACCES) return refusal(path, EACCES);
        continue;
      }
      if (!row.hierarchy && (location_.shares_network || is_hosts(status, paths, name))) continue;
      files_.push_back({.row = &row, .name = name});
      break;
    }
  }
  return std::nullopt;
}

/// All or none: where not all can be kept open, none is.
std::expected<void, CgroupError> ContainerFiles::open_all() {
  if (!budget_->take(files_.size())) return {};
  kept_ = files_.size();
  std::string path;
  for (auto& file : files_) {
    put_path(file, path);
    file.fd.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.fd.valid() || says_nothing(errno)) continue;
    const int error = errno;
    for (auto& other : files_) other.fd.reset();
    budget_->give_back(std::exchange(kept_, 0));
    if (is_shortage(error)) return {};
    return std::unexpected(error_for(file, error));
  }
  return {};
}

void ContainerFiles::forget_settings() noexcept {
  for (auto& file : files_) file.setting_known = false;
}

std::expected<void, CgroupError> ContainerFiles::sample(SamplingContext& tools,
                                                        ContainerStats& stats) {
  clear(stats);
  stats.read_at = wall_now();
  bool device_named = false;  // by the file before
  for (auto& file : files_) {
    const auto& row = *file.row;
    if (row.of_bfq && !tools.bfq_used) continue;
    if (row.of_same_devices && !device_named) continue;
    if (row.setting && file.setting_known && !tools.settings_due) {
      stats.*row.setting = file.setting;
      continue;
    }
    const auto text = read(file, tools);
    device_named = text && names_device(*text);
    if (text) {
      row.read(*text, stats);
    } else if (!says_nothing(text.error())) {
      clear(stats);
      return std::unexpected(error_for(file, text.error()));
    }
    if (row.setting) {
      file.setting = stats.*row.setting;
      file.setting_known = true;
    }
  }
  finish(stats, tools.devices);
  if (optional_groups_.processes) count_processes(tools.refused, stats);
  if (optional_groups_.huge_pages) read_huge_pages(tools.reader, stats);
  return {};
}

std::expected<Load, CgroupError> ContainerFiles::read_load(SamplingContext& tools) const {
  auto& stats = tools.load;
  stats.cpu.reset();
  stats.memory.reset();
  Load load{.begun_at = steady_now()};
  for (const auto& file : files_) {
    if (!file.row->of_load) continue;
    const auto text = read(file, tools);
    if (text) {
      file.row->read(*text, stats);
    } else if (!says_nothing(text.error())) {
      return std::unexpected(error_for(file, text.error()));
    }
  }
  load.ended_at = steady_now();
  if (stats.memory) load.memory_bytes = stats.memory->usage_bytes;
  if (stats.cpu) load.cpu_seconds = stats.cpu->usage_seconds;
  return load;
}

void ContainerFiles::read_huge_pages(FileReader& reader, ContainerStats& stats) const {
  const auto& v1 = location_.directory(Hierarchy::hugetlb);
  const auto& directory = v1.empty() ? location_.directory(Hierarchy::unified) : v1;
  if (!directory.empty()) stats.huge_pages = cgroup::read_huge_pages(directory, reader);
}

void ContainerFiles::count_processes(std::string& refused, ContainerStats& stats) const {
  const auto directory =
      std::ranges::find_if(location_.directories, [](const auto& one) { return !one.empty(); });
  if (directory == location_.directories.end()) return;
  stats.processes = cgroup::count_processes(*directory, procfs_, refused);
}

std::expected<std::string_view, int> ContainerFiles::read(const File& file,
                                                          SamplingContext& tools) const {
  if (file.fd.valid()) return tools.reader.read(file.fd.get());
  put_path(file, tools.path);
  return tools.reader.read(tools.path.c_str());
}

void ContainerFiles::put_path(const File& file, std::string& path) const {
  const auto& hierarchy = file.row->hierarchy;
  path.assign(hierarchy ? location_.directory(*hierarchy) : process_);
  path.append("/").append(file.name);
}

CgroupError ContainerFiles::error_for(const File& file, int error) const {
  if (error == ENODEV || error == ENOENT || error == ESRCH) {
    return {Reason::gone, "the cgroup " + location_.path + " is there no more"};
  }
  std::string path;
  put_path(file, path);
  return refusal(path, error);
}

}  // namespace tidegauge::cgroup
