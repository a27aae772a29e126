#pragma once

// The kernel's files of the whole machine, as text, to values in base units: pure and total, as the
// functions of parsers.h are. Formats: proc_stat(5), proc_meminfo(5), proc_vmstat(5),
// proc_cpuinfo(5), and the kernel's Documentation/admin-guide/iostats.rst.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tidegauge/model/container_stats.h"

namespace tidegauge::cgroup {

/// /proc/stat: what all CPUs have done, waiting for a disk not counted. Nothing without its line.
[[nodiscard]] std::optional<model::CpuStats> parse_host_cpu(std::string_view text) noexcept;
/// /proc/stat: when the machine was booted.
[[nodiscard]] std::optional<WallTime> parse_boot_time(std::string_view text) noexcept;

struct HostMemory {
  std::optional<model::MemoryStats> use;  ///< total without free, as in cAdvisor with cgroup v2
  std::optional<std::uint64_t> memory_bytes, swap_bytes;  ///< of the machine
};
/// /proc/meminfo.
[[nodiscard]] HostMemory parse_meminfo(std::string_view text) noexcept;
/// /proc/vmstat: fills in faults, and what was reclaimed.
void parse_vmstat(std::string_view text, model::MemoryStats& memory) noexcept;

struct HostDisk {
  std::string_view name;  ///< "vda"; refers to the text
  model::BlockIoStats io;
};
/// /proc/diskstats: devices that were ever read from or written to, and their partitions.
[[nodiscard]] std::vector<HostDisk> parse_diskstats(std::string_view text);

struct CpuTopology {
  std::optional<std::uint64_t> sockets, physical_cores;  ///< absent on some architectures
};
/// /proc/cpuinfo.
[[nodiscard]] CpuTopology parse_cpuinfo(std::string_view text);

}  // namespace tidegauge::cgroup
