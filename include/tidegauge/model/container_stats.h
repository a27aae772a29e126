#pragma once

// One sample of a container's resource use, in base units. Counters count from the container's
// start. A group or field that the source does not have is absent, and gives no series, never a
// zero. Made by `docker` (the Engine's stats) and by `cgroup` (the kernel's files).

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/util/time.h"

namespace tidegauge::model {

/// Who measured it.
enum class StatsSource : std::uint8_t { engine, kernel };
[[nodiscard]] constexpr std::string_view to_string(StatsSource source) noexcept {
  return source == StatsSource::engine ? "engine" : "kernel";
}

struct CpuStats {
  double usage_seconds = 0;
  std::optional<double> user_seconds;
  std::optional<double> system_seconds;
  std::vector<double> per_cpu_seconds;  ///< by CPU number; only if requested
  /// How often and how long the CPU quota delayed the container; absent without a quota.
  struct Throttling {
    std::uint64_t periods = 0;
    std::uint64_t throttled_periods = 0;
    double throttled_seconds = 0;
    std::optional<std::uint64_t> bursts;  ///< periods with more use than the quota
    std::optional<double> burst_seconds;  ///< the use beyond the quota
  };
  std::optional<Throttling> throttling;
  /// The highest mean between two readings within the last finished interval; only if requested.
  std::optional<double> interval_max_cores;
};

/// How often a memory limit took effect; cgroup v2's `memory.events`.
struct MemoryEvents {
  std::optional<std::uint64_t> low;       ///< reclaimed although the usage is below memory.low
  std::optional<std::uint64_t> high;      ///< throttled because the usage is above memory.high
  std::optional<std::uint64_t> max;       ///< hits of the limit
  std::optional<std::uint64_t> oom;       ///< hits after which nothing could be reclaimed
  std::optional<std::uint64_t> oom_kill;  ///< processes killed; cgroup v1 has it, too

  bool operator==(const MemoryEvents&) const = default;
};

/// By how much a count has grown; 0 where it is not known at both times.
[[nodiscard]] constexpr std::uint64_t growth(std::optional<std::uint64_t> before,
                                             std::optional<std::uint64_t> after) noexcept {
  return before && after && *after > *before ? *after - *before : 0;
}

struct MemoryStats {
  std::uint64_t usage_bytes = 0;                   ///< page cache included
  std::optional<std::uint64_t> working_set_bytes;  ///< usage less inactive file cache, at least 0
  std::optional<std::uint64_t> rss_bytes;          ///< anonymous memory
  std::optional<std::uint64_t> cache_bytes;        ///< page cache
  std::optional<std::uint64_t> mapped_file_bytes;
  std::optional<std::uint64_t> kernel_bytes;
  std::optional<std::uint64_t> swap_bytes;
  std::optional<std::uint64_t> max_usage_bytes;
  std::optional<std::uint64_t> active_file_bytes;
  std::optional<std::uint64_t> inactive_file_bytes;
  std::optional<std::uint64_t> dirty_bytes;      ///< page cache to be written
  std::optional<std::uint64_t> writeback_bytes;  ///< page cache being written
  std::optional<std::uint64_t> fail_count;       ///< how often the limit was hit
  std::optional<std::uint64_t> page_faults;
  std::optional<std::uint64_t> major_page_faults;
  std::optional<std::uint64_t> pages_scanned;  ///< scanned by reclaim
  std::optional<std::uint64_t> pages_stolen;   ///< reclaimed
  std::optional<std::uint64_t> refaults_anon;  ///< pages read again after they were reclaimed
  std::optional<std::uint64_t> refaults_file;
  MemoryEvents events;
  /// The highest reading of the usage within the last finished interval; only if requested.
  std::optional<std::uint64_t> interval_max_usage_bytes;
};

/// How often the container was at its own memory limit and nothing could be reclaimed; nothing
/// where that is not known.
[[nodiscard]] inline std::optional<std::uint64_t> limit_hits(const MemoryStats& memory) noexcept {
  return memory.events.oom ? memory.events.oom : memory.fail_count;
}

/// The memory that the kernel cannot easily reclaim: the usage without the file cache that was not
/// used lately. The two numbers are read at different moments, so the cache may be larger: the
/// result is then 0.
[[nodiscard]] constexpr std::optional<std::uint64_t> working_set(
    std::uint64_t usage_bytes, std::optional<std::uint64_t> inactive_file_bytes) noexcept {
  if (!inactive_file_bytes) return std::nullopt;
  return usage_bytes - std::min(usage_bytes, *inactive_file_bytes);
}

/// The working set, or all memory in use where that is not known.
[[nodiscard]] constexpr std::uint64_t memory_in_use(const MemoryStats& memory) noexcept {
  return memory.working_set_bytes.value_or(memory.usage_bytes);
}

struct NetworkStats {
  std::string interface;
  std::optional<std::uint64_t> receive_bytes, receive_packets, receive_errors, receive_dropped;
  std::optional<std::uint64_t> transmit_bytes, transmit_packets, transmit_errors, transmit_dropped;
};

struct BlockIoStats {
  std::uint32_t major = 0, minor = 0;
  std::string device;  ///< "/dev/vda" where the name is known, else empty
  std::optional<std::uint64_t> read_bytes, write_bytes;
  std::optional<std::uint64_t> reads, writes;  ///< operations
  // The kernel has these only for the whole machine.
  std::optional<std::uint64_t> reads_merged,
      writes_merged;  ///< merged with operations on neighbouring sectors
  std::optional<double> read_seconds, write_seconds;  ///< the sum over all operations
  std::optional<std::uint64_t> in_progress;           ///< operations at this moment
  std::optional<double> busy_seconds,
      weighted_busy_seconds;  ///< weighted: multiplied by the operations that wait
  /// From cgroup v2's controller io.cost, if it is enabled.
  struct Cost {
    std::optional<double> usage_seconds;    ///< of the device's time, by the controller's model
    std::optional<double> wait_seconds;     ///< for want of budget
    std::optional<double> indebt_seconds;   ///< in debt for what could not be made to wait
    std::optional<double> indelay_seconds;  ///< held back to pay for it
  };
  Cost cost;
};

/// How long processes waited for a resource (cgroup v2's *.pressure).
struct Pressure {
  std::optional<double> waiting_seconds;  ///< at least one process
  std::optional<double> stalled_seconds;  ///< all processes at the same time
};

struct PressureStats {
  Pressure cpu, memory, io;
};

enum class TaskState : std::uint8_t { running, sleeping, uninterruptible, stopped, zombie };
inline constexpr std::array task_states{TaskState::running, TaskState::sleeping,
                                        TaskState::uninterruptible, TaskState::stopped,
                                        TaskState::zombie};
[[nodiscard]] constexpr std::string_view to_string(TaskState state) noexcept {
  constexpr std::array<std::string_view, task_states.size()> names{
      "running", "sleeping", "uninterruptible", "stopped", "zombie"};
  return names[static_cast<std::size_t>(state)];
}

/// Sums over all processes of the container.
struct TaskStats {
  std::uint64_t processes = 0;
  std::uint64_t threads = 0;
  /// Includes sockets. Absent where the system does not show the descriptors of every process.
  std::optional<std::uint64_t> descriptors;
  std::optional<std::uint64_t> sockets;                   ///< absent in the same case
  std::optional<std::uint64_t> descriptors_limit;         ///< limit of the first process
  std::array<std::uint64_t, task_states.size()> tasks{};  ///< threads, by state
};

/// In the order of the kernel's numbers, which begin at 1 (include/net/tcp_states.h).
enum class TcpState : std::uint8_t {
  established,
  syn_sent,
  syn_received,
  fin_wait1,
  fin_wait2,
  time_wait,
  close,
  close_wait,
  last_ack,
  listen,
  closing
};
inline constexpr std::array tcp_states{
    TcpState::established, TcpState::syn_sent,  TcpState::syn_received, TcpState::fin_wait1,
    TcpState::fin_wait2,   TcpState::time_wait, TcpState::close,        TcpState::close_wait,
    TcpState::last_ack,    TcpState::listen,    TcpState::closing};
/// The names that cAdvisor uses.
[[nodiscard]] constexpr std::string_view to_string(TcpState state) noexcept {
  constexpr std::array<std::string_view, tcp_states.size()> names{
      "established", "synsent",   "synrecv", "finwait1", "finwait2", "timewait",
      "close",       "closewait", "lastack", "listen",   "closing"};
  return names[static_cast<std::size_t>(state)];
}

struct TcpSockets {
  std::array<std::uint32_t, tcp_states.size()> by_state{};
};

struct UdpSockets {
  std::uint32_t listening = 0;  ///< not connected
  std::uint64_t dropped = 0;    ///< datagrams, since each of the sockets was opened
  std::uint64_t receive_queued_bytes = 0;
  std::uint64_t transmit_queued_bytes = 0;
};

/// Sockets of the container's network namespace.
struct ConnectionStats {
  std::optional<TcpSockets> tcp, tcp6;  ///< absent where the kernel does not have the protocol
  std::optional<UdpSockets> udp, udp6;
};

/// One of the kernel's TCP counters of the container's network namespace.
struct TcpStatistic {
  std::string name;  ///< the kernel's name in lower case: "retranssegs"
  std::int64_t value = 0;
};

/// Huge pages of one size.
struct HugePages {
  std::string size;  ///< "2MB", as the kernel writes it
  std::uint64_t usage_bytes = 0;
  std::optional<std::uint64_t> max_usage_bytes;  ///< only cgroup v1 has it
  std::optional<std::uint64_t> fail_count;       ///< how often the limit was hit
};

struct ContainerStats {
  StatsSource source = StatsSource::engine;
  bool has_processes = true;  ///< false: the container has stopped, and every group is absent
  WallTime read_at{};
  std::optional<CpuStats> cpu;
  std::optional<MemoryStats> memory;
  std::vector<NetworkStats> networks;  ///< sorted by interface
  std::vector<BlockIoStats> block_io;  ///< sorted by major, minor
  std::optional<std::uint64_t> pids;
  std::optional<std::uint64_t> pids_limit;
  std::optional<PressureStats> pressure;
  std::optional<TaskStats> processes;          ///< only if requested
  std::optional<ConnectionStats> connections;  ///< only if requested
  std::vector<TcpStatistic> tcp_statistics;    ///< only if requested
  std::vector<HugePages> huge_pages;           ///< only if requested; sorted by size
};

}  // namespace tidegauge::model
