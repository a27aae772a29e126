#pragma once

// Parses the kernel's files of one container into values in base units. Used by ContainerFiles.
// Each function is pure and accepts any text: a value that cannot be read for certain stays absent.
// A line counts only with its newline, so that a truncated text never gives a truncated number.
//
// Formats: the kernel's Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst, accounting/psi.rst.
// Functions that fill a vector append to it. Where an element for the same device or interface is
// present, they complete that element.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tidegauge/model/container_stats.h"

namespace tidegauge::cgroup {

/// "123\n". Nothing for "max".
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text) noexcept;

/// The number of the line "key number"; nothing without such a line.
[[nodiscard]] std::optional<std::uint64_t> parse_count_of(std::string_view text,
                                                          std::string_view key) noexcept;

// --- CPU ----------------------------------------------------------------------------------------

/// v1's cpuacct.usage, in nanoseconds.
[[nodiscard]] std::optional<double> parse_cpuacct_usage(std::string_view text) noexcept;

struct CpuTimes {
  std::optional<double> user_seconds;
  std::optional<double> system_seconds;
};
/// v1's cpuacct.stat, in clock ticks of USER_HZ (always 100 on Linux).
[[nodiscard]] CpuTimes parse_cpuacct_stat(std::string_view text) noexcept;

/// v1's cpu.stat, in nanoseconds.
[[nodiscard]] std::optional<model::CpuStats::Throttling> parse_cpu_stat_v1(
    std::string_view text) noexcept;

/// v2's cpu.stat, in microseconds. Nothing without usage_usec.
[[nodiscard]] std::optional<model::CpuStats> parse_cpu_stat_v2(std::string_view text) noexcept;

/// v1's cpuacct.usage_percpu: nanoseconds by CPU number. Empty if any of them cannot be read.
[[nodiscard]] std::vector<double> parse_cpuacct_usage_percpu(std::string_view text);

// --- memory -------------------------------------------------------------------------------------

/// Sets the fields that memory.stat contains. v1: the values of the whole hierarchy ("total_...").
void parse_memory_stat_v1(std::string_view text, model::MemoryStats& memory) noexcept;
void parse_memory_stat_v2(std::string_view text, model::MemoryStats& memory) noexcept;

/// v2's memory.events. v1's memory.oom_control has only `oom_kill`.
[[nodiscard]] model::MemoryEvents parse_memory_events(std::string_view text) noexcept;

// --- block I/O, network -------------------------------------------------------------------------

/// v2's io.stat: "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ... cost.usage=5 ...", times in
/// microseconds. Where several devices precede the numbers, the numbers belong to the last.
void parse_io_stat(std::string_view text, std::vector<model::BlockIoStats>& devices);

/// v1's blkio.*.io_service_bytes and io_serviced: "8:0 Read 1". A value that is present stays.
void parse_blkio_bytes(std::string_view text, std::vector<model::BlockIoStats>& devices);
void parse_blkio_operations(std::string_view text, std::vector<model::BlockIoStats>& devices);

/// /proc/<pid>/net/dev, without the loopback interface.
void parse_net_dev(std::string_view text, std::vector<model::NetworkStats>& interfaces);

/// /proc/<pid>/net/tcp and tcp6, udp and udp6: one socket per line. Unknown states are ignored.
[[nodiscard]] model::TcpSockets parse_tcp_sockets(std::string_view text) noexcept;
[[nodiscard]] model::UdpSockets parse_udp_sockets(std::string_view text) noexcept;

/// The lines "Tcp:" of /proc/<pid>/net/snmp and "TcpExt:" of /proc/<pid>/net/netstat. The first
/// line has the names, the second the values. A name is added once.
void parse_tcp_statistics(std::string_view text, std::vector<model::TcpStatistic>& statistics);

// --- pressure -----------------------------------------------------------------------------------

/// The lines "some avg10=0.00 ... total=123" and "full ...", in microseconds.
[[nodiscard]] model::Pressure parse_pressure(std::string_view text) noexcept;

// --- processes ----------------------------------------------------------------------------------

/// /proc/<pid>/task/<tid>/stat: "4711 (any ) name) S ...".
[[nodiscard]] std::optional<model::TaskState> parse_task_state(std::string_view text) noexcept;

/// /proc/<pid>/limits: the soft limit of "Max open files". Nothing where it is "unlimited".
[[nodiscard]] std::optional<std::uint64_t> parse_descriptors_limit(std::string_view text) noexcept;

}  // namespace tidegauge::cgroup
