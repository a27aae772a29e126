#include "tidegauge/cgroup/host_files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "cgroup/host_parsers.h"
#include "cgroup/mountinfo.h"
#include "cgroup/own_container.h"
#include "cgroup/parsers.h"
#include "cgroup/text.h"

namespace tidegauge::cgroup {
namespace {

/// cAdvisor's: the other ends of the containers' interfaces, which would count everything twice.
bool is_of_containers(std::string_view interface) {
  constexpr std::array<std::string_view, 3> prefixes{"veth", "docker", "nerdctl"};
  return std::ranges::any_of(prefixes, [&](auto prefix) { return interface.starts_with(prefix); });
}

bool is_real(const MountLine& mount) {
  if (mount.type == "zfs") return true;
  return mount.source.starts_with("/dev/") && !mount.source.starts_with("/dev/loop");
}

}  // namespace

model::HostStats HostFiles::sample(const std::string& engine_directory, HostScope scope) {
  model::HostStats host;
  host.use.source = model::StatsSource::kernel;
  host.use.read_at = wall_now();
  if (scope == HostScope::machine) {
    sample_cpu(host);
    sample_memory(host);
    sample_network(host);
    sample_disks(host);
  }
  sample_filesystems(engine_directory, scope, host);
  return host;
}

/// Empty where it cannot be read; overwritten by the next one.
std::string_view HostFiles::read(std::string_view name) {
  path_.assign(paths_.procfs).append("/").append(name);
  return reader_.read(path_.c_str()).value_or(std::string_view());
}

void HostFiles::sample_cpu(model::HostStats& host) {
  const auto text = read("stat");
  host.use.cpu = parse_host_cpu(text);
  host.booted_at = parse_boot_time(text);
  if (cpuinfo_.empty())
    cpuinfo_ = read("cpuinfo");  // cached: the kernel formats this long text for every read
  const auto topology = parse_cpuinfo(cpuinfo_);
  host.cpu_sockets = topology.sockets;
  host.cpu_physical_cores = topology.physical_cores;
  const auto pressure = [this](std::string_view name) { return parse_pressure(read(name)); };
  const model::PressureStats all{.cpu = pressure("pressure/cpu"),
                                 .memory = pressure("pressure/memory"),
                                 .io = pressure("pressure/io")};
  if (all.cpu.waiting_seconds) host.use.pressure = all;
}

void HostFiles::sample_memory(model::HostStats& host) {
  const auto memory = parse_meminfo(read("meminfo"));
  host.memory_bytes = memory.memory_bytes;
  host.swap_bytes = memory.swap_bytes;
  host.use.memory = memory.use;
  if (!memory.use) return;
  auto& use = *host.use.memory;
  use.working_set_bytes = model::working_set(use.usage_bytes, use.inactive_file_bytes);
  parse_vmstat(read("vmstat"), use);
}

/// In a container without the machine's /proc, both files are of the container's network.
void HostFiles::sample_network(model::HostStats& host) {
  std::string_view text;
  if (has_machines_first_process(paths_.procfs)) text = read("1/net/dev");
  if (text.empty() && !runs_in_container(paths_.procfs)) text = read("self/net/dev");
  parse_net_dev(text, host.use.networks);
  std::erase_if(host.use.networks,
                [](const auto& network) { return is_of_containers(network.interface); });
}

void HostFiles::sample_disks(model::HostStats& host) {
  for (auto& disk : parse_diskstats(read("diskstats"))) {
    if (!is_whole_disk(disk.name)) continue;
    disk.io.device.assign("/dev/").append(disk.name);
    host.use.block_io.push_back(std::move(disk.io));
  }
  std::ranges::sort(host.use.block_io, {},
                    [](const auto& io) { return std::tuple(io.major, io.minor); });
}

/// What is read from a partition is read from its disk.
bool HostFiles::is_whole_disk(std::string_view name) const {
  struct stat status{};
  const auto path = (paths_.sysfs + "/block/").append(name);
  return ::stat(path.c_str(), &status) == 0;
}

void HostFiles::sample_filesystems(const std::string& engine_directory, HostScope scope,
                                   model::HostStats& host) {
  pollfd changed{.fd = mountinfo_.get(), .events = POLLPRI, .revents = 0};
  const bool other = std::exchange(engine_directory_, engine_directory) != engine_directory;
  if (other || !mountinfo_.valid() || ::poll(&changed, 1, 0) != 0) find_mounts();
  const auto* const engines = mount_of_engine();
  if (engines != nullptr) host.engine_device = engines->device;
  filesystems_.forget_unmounted([this](const auto& path) {
    return std::ranges::any_of(mounts_,
                               [&](const auto& mount) { return root_ + mount.point == path; });
  });
  std::set<std::string_view> known;  // devices that are shown or late
  for (const auto& mount : mounts_) {
    const bool wanted = &mount == engines || (mount.real && scope == HostScope::machine);
    if (!wanted || known.contains(mount.device)) continue;
    auto answer = filesystems_.sample(root_ + mount.point);
    if (!answer) {
      known.insert(mount.device);
      const bool is_stuck = answer.error() == FilesystemSampler::NoAnswer::stuck;
      if (is_stuck) host.stuck_filesystems.push_back(mount.device + " at " + mount.point);
    } else if (*answer) {
      known.insert(mount.device);
      (*answer)->device = mount.device;
      host.filesystems.push_back(**std::move(answer));
    }
  }
  std::ranges::sort(host.filesystems, {}, &model::FilesystemStats::device);
}

void HostFiles::find_mounts() {
  mounts_.clear();
  const auto first_process = paths_.procfs + "/1";
  struct stat status{};
  const bool may_look = ::stat((first_process + "/root/.").c_str(), &status) == 0;
  root_ = may_look ? first_process + "/root" : "";
  const auto path = may_look ? first_process + "/mountinfo" : paths_.procfs + "/self/mountinfo";
  mountinfo_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!mountinfo_.valid()) return;
  const auto text = read_to_end(mountinfo_.get()).value_or(std::string());
  std::string_view rest = text;
  while (const auto line = take_line(rest)) {
    auto mount = parse_mount_line(*line);
    if (!mount) continue;
    const bool real = is_real(*mount);
    if (!real && !is_below(engine_directory_, mount->point)) continue;
    mounts_.push_back({std::move(mount->source), std::move(mount->point), real});
  }
}

/// The mount whose path is the longest prefix of the Engine's directory; the latest of several.
const HostFiles::Mounted* HostFiles::mount_of_engine() const {
  const Mounted* best = nullptr;
  for (const auto& mount : mounts_) {
    if (!is_below(engine_directory_, mount.point)) continue;
    if (best == nullptr || mount.point.size() >= best->point.size()) best = &mount;
  }
  return best;
}

}  // namespace tidegauge::cgroup
