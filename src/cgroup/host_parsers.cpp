#include "cgroup/host_parsers.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "cgroup/parsers.h"
#include "cgroup/text.h"

namespace tidegauge::cgroup {
namespace {

using model::CpuStats;
using model::MemoryStats;
using Count = std::optional<std::uint64_t>;

constexpr double ticks_in_second = 100;  // USER_HZ, always 100 on Linux
constexpr std::uint64_t sector = 512;    // independent of the device's sector size
constexpr std::uint64_t kib = 1024;

/// The first numbers of a line; nothing unless all of them are there.
template <std::size_t size>
std::optional<std::array<std::uint64_t, size>> numbers(std::string_view line) noexcept {
  std::array<std::uint64_t, size> all{};
  for (auto& number : all) {
    const auto value = to_number<std::uint64_t>(take_word(line));
    if (!value) return std::nullopt;
    number = *value;
  }
  return all;
}

Count times(const Count& number, std::uint64_t unit) noexcept {
  if (!number || *number > std::numeric_limits<std::uint64_t>::max() / unit) return std::nullopt;
  return *number * unit;
}

double milliseconds(std::uint64_t number) noexcept {
  return static_cast<double>(number) * 1e-3;
}

/// Nothing unless all are there and their sum fits.
Count sum(std::initializer_list<Count> parts) noexcept {
  std::uint64_t total = 0;
  for (const auto& part : parts) {
    if (!part || __builtin_add_overflow(total, *part, &total)) return std::nullopt;
  }
  return total;
}

/// In bytes: of "MemTotal:       24105164 kB".
Count kib_of(std::string_view text, std::string_view key) noexcept {
  while (const auto whole = take_line(text)) {
    auto line = *whole;
    if (take_word(line) != key) continue;
    const auto value = to_number<std::uint64_t>(take_word(line));
    return take_word(line) == "kB" ? times(value, kib) : std::nullopt;
  }
  return std::nullopt;
}

/// The value of a line like "core id\t\t: 3", if it is that of `key`.
Count cpuinfo_value(std::string_view line, std::string_view key) noexcept {
  constexpr std::string_view colon = ": ";
  if (!line.starts_with(key)) return std::nullopt;
  line.remove_prefix(std::min(line.find_first_not_of('\t', key.size()), line.size()));
  return line.starts_with(colon) ? to_number<std::uint64_t>(line.substr(colon.size()))
                                 : std::nullopt;
}

}  // namespace

std::optional<CpuStats> parse_host_cpu(std::string_view text) noexcept {
  const auto whole = take_line(text);
  if (!whole) return std::nullopt;
  auto line = *whole;
  if (take_word(line) != "cpu") return std::nullopt;
  const auto ticks = numbers<8>(line);
  if (!ticks) return std::nullopt;
  const auto [user, nice, system, idle, io_wait, irq, soft_irq, steal] = *ticks;
  const auto in_user_mode = sum({user, nice});
  const auto in_kernel = sum({system, irq, soft_irq});
  const auto all = sum({in_user_mode, in_kernel});
  if (!all) return std::nullopt;
  const auto seconds = [](std::uint64_t count) {
    return static_cast<double>(count) / ticks_in_second;
  };
  return CpuStats{.usage_seconds = seconds(*all),
                  .user_seconds = seconds(*in_user_mode),
                  .system_seconds = seconds(*in_kernel)};
}

std::optional<WallTime> parse_boot_time(std::string_view text) noexcept {
  constexpr std::uint64_t latest = 1ULL << 33U;  // far in the future, and fits a WallTime
  const auto seconds = parse_count_of(text, "btime");
  if (!seconds || *seconds > latest) return std::nullopt;
  return WallTime(std::chrono::seconds(*seconds));
}

HostMemory parse_meminfo(std::string_view text) noexcept {
  const auto of = [text](std::string_view key) { return kib_of(text, key); };
  HostMemory memory{.memory_bytes = of("MemTotal:"), .swap_bytes = of("SwapTotal:")};
  const auto total = memory.memory_bytes;
  const auto free = of("MemFree:");
  if (!total || !free || *free > *total) return memory;
  auto& use = memory.use.emplace(MemoryStats{.usage_bytes = *total - *free});
  use.rss_bytes = of("AnonPages:");
  use.cache_bytes = sum({of("Cached:"), of("Buffers:")});
  use.mapped_file_bytes = of("Mapped:");
  use.kernel_bytes = sum({of("Slab:"), of("KernelStack:"), of("PageTables:"), of("Percpu:")});
  use.active_file_bytes = of("Active(file):");
  use.inactive_file_bytes = of("Inactive(file):");
  use.dirty_bytes = of("Dirty:");
  use.writeback_bytes = of("Writeback:");
  const auto swap_free = of("SwapFree:");
  if (memory.swap_bytes && swap_free && *swap_free <= *memory.swap_bytes) {
    use.swap_bytes = *memory.swap_bytes - *swap_free;
  }
  return memory;
}

void parse_vmstat(std::string_view text, MemoryStats& memory) noexcept {
  const auto of = [text](std::string_view key) { return parse_count_of(text, key); };
  memory.page_faults = of("pgfault");
  memory.major_page_faults = of("pgmajfault");
  memory.pages_scanned = sum({of("pgscan_kswapd"), of("pgscan_direct")});
  memory.pages_stolen = sum({of("pgsteal_kswapd"), of("pgsteal_direct")});
  memory.refaults_anon = of("workingset_refault_anon");
  memory.refaults_file = of("workingset_refault_file");
  memory.events.oom_kill = of("oom_kill");
}

std::vector<HostDisk> parse_diskstats(std::string_view text) {
  std::vector<HostDisk> disks;
  while (const auto whole = take_line(text)) {
    auto line = *whole;
    const auto major = to_number<std::uint32_t>(take_word(line));
    const auto minor = to_number<std::uint32_t>(take_word(line));
    const auto name = take_word(line);
    const auto said = numbers<11>(line);
    if (!major || !minor || !said) continue;
    const auto& [reads, reads_merged, read_sectors, read_ms, writes, writes_merged, write_sectors,
                 write_ms, in_progress, busy_ms, weighted_ms] = *said;
    if (reads == 0 && writes == 0) continue;
    disks.push_back({.name = name,
                     .io = {.major = *major,
                            .minor = *minor,
                            .read_bytes = times(read_sectors, sector),
                            .write_bytes = times(write_sectors, sector),
                            .reads = reads,
                            .writes = writes,
                            .reads_merged = reads_merged,
                            .writes_merged = writes_merged,
                            .read_seconds = milliseconds(read_ms),
                            .write_seconds = milliseconds(write_ms),
                            .in_progress = in_progress,
                            .busy_seconds = milliseconds(busy_ms),
                            .weighted_busy_seconds = milliseconds(weighted_ms)}});
  }
  return disks;
}

CpuTopology parse_cpuinfo(std::string_view text) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> cores;  // pairs of socket and core number
  Count socket;
  while (const auto line = take_line(text)) {
    if (line->empty()) socket.reset();
    if (const auto id = cpuinfo_value(*line, "physical id")) socket = id;
    if (const auto id = cpuinfo_value(*line, "core id"); id && socket) cores.emplace(*socket, *id);
  }
  std::set<std::uint64_t> sockets;
  for (const auto& core : cores) sockets.insert(core.first);
  if (cores.empty()) return {};
  return {.sockets = sockets.size(), .physical_cores = cores.size()};
}

}  // namespace tidegauge::cgroup
