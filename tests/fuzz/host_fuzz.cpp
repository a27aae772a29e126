// The kernel's files of the machine: each parser gets every text.

#include "cgroup/host_parsers.h"
#include "cgroup/mountinfo.h"
#include "cgroup/text.h"
#include "fuzz/describe_stats.h"

using namespace tidegauge;

namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t sector = 512;

/// Said in the text in units of so many bytes.
void check_unit(std::string_view name, const std::optional<std::uint64_t>& bytes,
                std::uint64_t unit, fuzz::Facts& facts) {
  if (!bytes) return;
  if (*bytes % unit != 0) fuzz::finding(name);
  facts.number(name, *bytes / unit);
}

void check_cpu(std::string_view text, fuzz::Facts& facts) {
  const auto cpu = cgroup::parse_host_cpu(text);
  if (cpu && cpu->usage_seconds < cpu->user_seconds.value()) fuzz::finding("less than its part");
  const auto topology = cgroup::parse_cpuinfo(text);
  if (topology.sockets > topology.physical_cores) fuzz::finding("a socket without a core");
  const auto booted_at = cgroup::parse_boot_time(text);
  if (booted_at && *booted_at < WallTime{}) fuzz::finding("booted before the epoch");
  facts.derived("cores", topology.physical_cores);
}

void check_memory(std::string_view text, fuzz::Facts& facts) {
  const auto memory = cgroup::parse_meminfo(text);
  check_unit("total", memory.memory_bytes, kib, facts);
  check_unit("swap total", memory.swap_bytes, kib, facts);
  if (!memory.use) return;
  if (memory.use->usage_bytes > memory.memory_bytes) fuzz::finding("more in use than there is");
  if (memory.use->swap_bytes > memory.swap_bytes) fuzz::finding("more swap in use than there is");
  check_unit("anonymous", memory.use->rss_bytes, kib, facts);
  check_unit("mapped", memory.use->mapped_file_bytes, kib, facts);
  check_unit("inactive", memory.use->inactive_file_bytes, kib, facts);
}

void check_faults(std::string_view text, fuzz::Facts& facts) {
  model::MemoryStats memory;
  cgroup::parse_vmstat(text, memory);
  facts.number("faults", memory.page_faults);
  facts.number("major faults", memory.major_page_faults);
  facts.number("kills", memory.events.oom_kill);
}

void check_disks(std::string_view text, fuzz::Facts& facts) {
  for (const auto& [name, io] : cgroup::parse_diskstats(text)) {
    facts.text("name", name);
    facts.number("major", io.major);
    facts.number("minor", io.minor);
    facts.number("reads", io.reads);
    facts.number("writes", io.writes);
    facts.number("in progress", io.in_progress);
    check_unit("read", io.read_bytes, sector, facts);
    check_unit("written", io.write_bytes, sector, facts);
  }
}

void check_mounts(std::string_view text, fuzz::Facts& facts) {
  while (const auto line = cgroup::take_line(text)) {
    const auto mount = cgroup::parse_mount_line(*line);
    if (!mount) continue;
    if (mount->root.empty() || mount->point.empty()) fuzz::finding("a mount of nothing");
    facts.text("type", mount->type);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  fuzz::Facts facts(text);
  check_cpu(text, facts);
  check_memory(text, facts);
  check_faults(text, facts);
  check_disks(text, facts);
  check_mounts(text, facts);
  return 0;
}
