#include <optional>
#include <string>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;
using model::BlockIoStats;
using model::ConnectionStats;
using model::Container;
using model::ContainerRecord;
using model::ContainerStats;
using model::CpuStats;
using model::Lifecycle;
using model::MemoryStats;
using model::NetworkStats;
using model::PressureStats;
using model::TaskStats;

std::optional<double> unix_seconds(const std::optional<WallTime>& time) {
  return time ? std::optional(to_unix_seconds(*time)) : std::nullopt;
}

std::optional<std::uint64_t> pids_limit(const ContainerRecord& record) {
  if (!record.stats) return std::nullopt;
  return record.stats->pids_limit ? record.stats->pids_limit : record.container->limits.pids;
}

/// cAdvisor's container_threads_max, which cAdvisor has with its process metrics: 0 is unlimited.
std::optional<std::uint64_t> threads_limit(const ContainerRecord& record) {
  if (!record.stats || !record.stats->processes) return std::nullopt;
  return pids_limit(record).value_or(0);
}

/// cAdvisor's numbers: a check that has not passed yet is as bad as one that failed.
int health_number(model::Health health) {
  if (health == model::Health::none) return -1;
  return health == model::Health::healthy ? 1 : 0;
}

/// As cAdvisor has them: with two digits at least.
std::string cpu_name(std::size_t number) {
  return (number < 10 ? "cpu0" : "cpu") + std::to_string(number);
}

constexpr Row<Container> info[] = {
    {{"container_info", gauge, "Who the container is; always 1.",
      "container_id, image_id, hostname, network_mode, restart_policy"},
     [](const Container& container, const Samples& out) {
       out.add(1, {{"container_id", container.id},
                   {"image_id", container.image_id},
                   {"hostname", container.hostname},
                   {"network_mode", container.network_mode},
                   {"restart_policy", container.restart_policy}});
     }},
};

constexpr Row<ContainerRecord> sample[] = {
    {{"container_last_seen", gauge,
      "When the container was last known to run, in seconds since the Unix epoch."},
     [](const ContainerRecord& record, const Samples& out) {
       out.add(unix_seconds(record.last_seen));
     }},
    {{"container_stats_source", gauge,
      "1 for who measured the container's resource use: the kernel's files, or the Engine.",
      "source"},
     [](const ContainerRecord& record, const Samples& out) {
       if (record.stats) out.add(1, {{"source", to_string(record.stats->source)}});
     }},
    {{"container_last_sample_timestamp_seconds", gauge,
      "When the container's resource use was sampled, in seconds since the Unix epoch."},
     [](const ContainerRecord& record, const Samples& out) {
       if (record.stats) out.add(to_unix_seconds(record.stats->read_at));
     }},
    {{"container_pids", gauge, "Processes and threads in the container."},
     [](const ContainerRecord& record, const Samples& out) {
       if (record.stats) out.add(record.stats->pids);
     }},
    {{"container_pids_limit", gauge, "Most processes and threads allowed. Absent without a limit."},
     [](const ContainerRecord& record, const Samples& out) { out.add(pids_limit(record)); }},
    {{"container_threads_max", gauge,
      "Most processes and threads allowed, by cAdvisor's name; 0 without a limit. Only with "
      "metrics.enable: [processes]."},
     [](const ContainerRecord& record, const Samples& out) { out.add(threads_limit(record)); }},
};

constexpr Row<ContainerRecord> lifecycle[] = {
    {{"container_state", gauge, "1 for the state that the container is in, 0 for the others.",
      "state"},
     [](const ContainerRecord& record, const Samples& out) {
       for (const auto state : model::container_states) {
         out.add(state == record.container->state, {{"state", to_string(state)}});
       }
     }},
    {{"container_exit_code", gauge,
      "Exit code of the container's last run. Absent until a run has ended."},
     [](const ContainerRecord& record, const Samples& out) {
       out.add(record.container->exit_code);
     }},
    {{"container_restartcount", gauge,
      "Restarts as the Engine counts them. A manual start resets it."},
     [](const ContainerRecord& record, const Samples& out) {
       out.add(record.container->restart_count);
     }},
    {{"container_collect_errors_total", counter,
      "Failed calls about the container since this daemon started."},
     [](const ContainerRecord& record, const Samples& out) { out.add(record.collect_errors); }},
    {{"container_stuck", gauge, "Whether calls about the container get stuck: it is left alone."},
     [](const ContainerRecord& record, const Samples& out) { out.add(record.stuck ? 1 : 0); }},
};

constexpr Row<Lifecycle> history[] = {
    {{"container_restarts_total", counter,
      "Starts after an end, whoever ordered them, as the Engine's events told."},
     [](const Lifecycle& counts, const Samples& out) { out.add(counts.restarts); }},
    {{"container_oom_events_total", counter, "Out-of-memory kills, as the Engine's events told."},
     [](const Lifecycle& counts, const Samples& out) { out.add(counts.oom_events); }},
    {{"container_exits_total", counter,
      "Ends of runs by exit code (0, 1-125, 126-127, 137, 143, signal).", "class"},
     [](const Lifecycle& counts, const Samples& out) {
       for (const auto exit : model::exit_classes) {
         out.add(counts.exits[static_cast<std::size_t>(exit)], {{"class", to_string(exit)}});
       }
     }},
    {{"container_health_transitions_total", counter,
      "Changes of the health check's result, by what it became.", "to"},
     [](const Lifecycle& counts, const Samples& out) {
       for (const auto health : {model::Health::healthy, model::Health::unhealthy}) {
         out.add(counts.health_transitions[static_cast<std::size_t>(health)],
                 {{"to", to_string(health)}});
       }
     }},
    {{"container_last_exit_timestamp_seconds", gauge,
      "When a run last ended, in seconds since the Unix epoch. Absent until one has."},
     [](const Lifecycle& counts, const Samples& out) {
       out.add(unix_seconds(counts.last_exit_at));
     }},
    {{"container_last_oom_timestamp_seconds", gauge,
      "When the kernel last killed for want of memory. Absent until it has."},
     [](const Lifecycle& counts, const Samples& out) {
       out.add(unix_seconds(counts.last_oom_at));
     }},
};

constexpr Row<Container> limits[] = {
    {{"container_creation_time_seconds", gauge,
      "When the container was created, in seconds since the Unix epoch."},
     [](const Container& container, const Samples& out) {
       out.add(unix_seconds(container.created_at));
     }},
    {{"container_start_time_seconds", gauge,
      "When the container was started, in seconds since the Unix epoch."},
     [](const Container& container, const Samples& out) {
       out.add(unix_seconds(container.started_at));
     }},
    {{"container_spec_cpu_period", gauge,
      "Length of the period that the CPU quota is for, in microseconds. Absent without a quota."},
     [](const Container& container, const Samples& out) {
       out.add(container.limits.cpu_period_us);
     }},
    {{"container_spec_cpu_quota", gauge,
      "CPU time allowed in each period, in microseconds. Absent without a quota."},
     [](const Container& container, const Samples& out) {
       out.add(container.limits.cpu_quota_us);
     }},
    {{"container_spec_cpu_shares", gauge, "CPU weight relative to other containers."},
     [](const Container& container, const Samples& out) { out.add(container.limits.cpu_shares); }},
    {{"container_spec_memory_limit_bytes", gauge, "Memory limit, 0 when unlimited."},
     [](const Container& container, const Samples& out) {
       out.add(container.limits.memory_bytes.value_or(0));
     }},
    {{"container_spec_memory_swap_limit_bytes", gauge,
      "Limit of memory and swap together, 0 when unlimited."},
     [](const Container& container, const Samples& out) {
       out.add(container.limits.memory_swap_bytes.value_or(0));
     }},
    {{"container_spec_memory_reservation_limit_bytes", gauge,
      "Memory that the container is cut back to when the machine runs short, 0 when unlimited."},
     [](const Container& container, const Samples& out) {
       out.add(container.limits.memory_reservation_bytes.value_or(0));
     }},
};

constexpr Row<Container> health_metrics[] = {
    {{"container_health_state", gauge,
      "Result of the health check: 1 healthy, 0 starting or unhealthy, -1 without a check."},
     [](const Container& container, const Samples& out) {
       out.add(health_number(container.health));
     }},
    {{"container_health_status", gauge,
      "1 for the status of the health check (none: there is no check), 0 for the others.",
      "status"},
     [](const Container& container, const Samples& out) {
       for (const auto health : model::health_statuses) {
         out.add(health == container.health, {{"status", to_string(health)}});
       }
     }},
    {{"container_health_failing_streak", gauge,
      "Health checks failed in a row. Absent without a check."},
     [](const Container& container, const Samples& out) {
       out.add(container.health_failing_streak);
     }},
};

constexpr Row<CpuStats> cpu_metrics[] = {
    {{"container_cpu_usage_seconds_total", counter,
      "CPU time used: over all CPUs (total), or by CPU (cpu00, ...), never both.", "cpu"},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.per_cpu_seconds.empty()) out.add(cpu.usage_seconds, {{"cpu", "total"}});
       for (std::size_t number = 0; number < cpu.per_cpu_seconds.size(); ++number) {
         out.add(cpu.per_cpu_seconds[number], {{"cpu", cpu_name(number)}});
       }
     }},
    {{"container_cpu_user_seconds_total", counter, "CPU time used in user mode."},
     [](const CpuStats& cpu, const Samples& out) { out.add(cpu.user_seconds); }},
    {{"container_cpu_system_seconds_total", counter, "CPU time used in the kernel."},
     [](const CpuStats& cpu, const Samples& out) { out.add(cpu.system_seconds); }},
    {{"container_cpu_cfs_periods_total", counter,
      "Periods of the CPU quota that have passed. Absent without a quota."},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.throttling) out.add(cpu.throttling->periods);
     }},
    {{"container_cpu_cfs_throttled_periods_total", counter,
      "Periods in which the CPU quota was used up. Absent without a quota."},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.throttling) out.add(cpu.throttling->throttled_periods);
     }},
    {{"container_cpu_cfs_throttled_seconds_total", counter,
      "How long the CPU quota held the container back. Absent without a quota."},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.throttling) out.add(cpu.throttling->throttled_seconds);
     }},
    {{"container_cpu_cfs_burst_periods_total", counter,
      "Periods in which more than the CPU quota was used, from what earlier ones had left."},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.throttling) out.add(cpu.throttling->bursts);
     }},
    {{"container_cpu_cfs_burst_seconds_total", counter,
      "CPU time used beyond the CPU quota in these periods."},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.throttling) out.add(cpu.throttling->burst_seconds);
     }},
};

constexpr Row<MemoryStats> memory_metrics[] = {
    {{"container_memory_usage_bytes", gauge, "Memory in use, page cache included."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.usage_bytes); }},
    {{"container_memory_working_set_bytes", gauge,
      "Memory in use less the inactive page cache: what cannot be given back easily."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.working_set_bytes); }},
    {{"container_memory_rss", gauge, "Anonymous memory, in bytes."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.rss_bytes); }},
    {{"container_memory_cache", gauge, "Page cache, in bytes."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.cache_bytes); }},
    {{"container_memory_mapped_file", gauge, "Memory-mapped files, in bytes."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.mapped_file_bytes); }},
    {{"container_memory_kernel_usage", gauge, "Kernel memory, in bytes."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.kernel_bytes); }},
    {{"container_memory_swap", gauge, "Swap in use, in bytes."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.swap_bytes); }},
    {{"container_memory_max_usage_bytes", gauge, "The most memory that was ever in use."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.max_usage_bytes); }},
    {{"container_memory_total_active_file_bytes", gauge, "Page cache used lately."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.active_file_bytes); }},
    {{"container_memory_total_inactive_file_bytes", gauge, "Page cache not used lately."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.inactive_file_bytes); }},
    {{"container_memory_file_dirty_bytes", gauge, "Page cache that is still to be written."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.dirty_bytes); }},
    {{"container_memory_file_writeback_bytes", gauge, "Page cache that is being written."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.writeback_bytes); }},
    {{"container_memory_failcnt", counter, "How often the memory limit was hit."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.fail_count); }},
    {{"container_memory_failures_total", counter,
      "Page faults (pgfault), and those that had to read from disk (pgmajfault). The scopes "
      "container and hierarchy are the same, as in cAdvisor.",
      "failure_type, scope"},
     [](const MemoryStats& memory, const Samples& out) {
       for (const auto* const scope : {"container", "hierarchy"}) {
         out.add(memory.page_faults, {{"failure_type", "pgfault"}, {"scope", scope}});
         out.add(memory.major_page_faults, {{"failure_type", "pgmajfault"}, {"scope", scope}});
       }
     }},
    {{"container_memory_events_low_total", counter,
      "How often memory was taken away although it was below what is protected."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.events.low); }},
    {{"container_memory_events_high_total", counter,
      "How often processes were slowed down for being above memory.high."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.events.high); }},
    {{"container_memory_events_max_total", counter, "How often the memory limit was hit."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.events.max); }},
    {{"container_memory_events_oom_total", counter,
      "How often nothing could be reclaimed when the memory limit was hit."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.events.oom); }},
    {{"container_memory_events_oom_kill_total", counter,
      "Processes killed for want of memory, as the kernel counts them in this run."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.events.oom_kill); }},
    {{"container_memory_pgscan_total", counter, "Pages looked at to be reclaimed."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.pages_scanned); }},
    {{"container_memory_pgsteal_total", counter, "Pages reclaimed."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.pages_stolen); }},
    {{"container_memory_workingset_refault_file_total", counter,
      "Pages of files that were wanted again soon after they had been reclaimed."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.refaults_file); }},
    {{"container_memory_workingset_refault_anon_total", counter,
      "Anonymous pages that were wanted again soon after they had been reclaimed."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.refaults_anon); }},
};

constexpr Row<PressureStats> pressure_metrics[] = {
    {{"container_pressure_cpu_waiting_seconds_total", counter,
      "How long at least one process has waited for a CPU."},
     [](const PressureStats& some, const Samples& out) { out.add(some.cpu.waiting_seconds); }},
    {{"container_pressure_cpu_stalled_seconds_total", counter,
      "How long all processes have waited for a CPU."},
     [](const PressureStats& all, const Samples& out) { out.add(all.cpu.stalled_seconds); }},
    {{"container_pressure_memory_waiting_seconds_total", counter,
      "How long at least one process has waited for memory."},
     [](const PressureStats& some, const Samples& out) { out.add(some.memory.waiting_seconds); }},
    {{"container_pressure_memory_stalled_seconds_total", counter,
      "How long all processes have waited for memory."},
     [](const PressureStats& all, const Samples& out) { out.add(all.memory.stalled_seconds); }},
    {{"container_pressure_io_waiting_seconds_total", counter,
      "How long at least one process has waited for block I/O."},
     [](const PressureStats& some, const Samples& out) { out.add(some.io.waiting_seconds); }},
    {{"container_pressure_io_stalled_seconds_total", counter,
      "How long all processes have waited for block I/O."},
     [](const PressureStats& all, const Samples& out) { out.add(all.io.stalled_seconds); }},
};

constexpr Row<NetworkStats> network_metrics[] = {
    {{"container_network_receive_bytes_total", counter,
      "Bytes received. A container in the network of the host or of another container has none.",
      "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.receive_bytes); }},
    {{"container_network_receive_packets_total", counter, "Packets received.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.receive_packets); }},
    {{"container_network_receive_packets_dropped_total", counter,
      "Packets dropped while receiving.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.receive_dropped); }},
    {{"container_network_receive_errors_total", counter, "Errors while receiving.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.receive_errors); }},
    {{"container_network_transmit_bytes_total", counter, "Bytes sent.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.transmit_bytes); }},
    {{"container_network_transmit_packets_total", counter, "Packets sent.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.transmit_packets); }},
    {{"container_network_transmit_packets_dropped_total", counter, "Packets dropped while sending.",
      "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.transmit_dropped); }},
    {{"container_network_transmit_errors_total", counter, "Errors while sending.", "interface"},
     [](const NetworkStats& network, const Samples& out) { out.add(network.transmit_errors); }},
};

void write_tcp(const std::optional<model::TcpSockets>& sockets, const Samples& out) {
  if (!sockets) return;
  for (const auto state : model::tcp_states) {
    out.add(sockets->by_state[static_cast<std::size_t>(state)], {{"tcp_state", to_string(state)}});
  }
}

void write_udp(const std::optional<model::UdpSockets>& sockets, const Samples& out) {
  if (!sockets) return;
  out.add(sockets->listening, {{"udp_state", "listen"}});
  out.add(sockets->dropped, {{"udp_state", "dropped"}});
  out.add(sockets->receive_queued_bytes, {{"udp_state", "rxqueued"}});
  out.add(sockets->transmit_queued_bytes, {{"udp_state", "txqueued"}});
}

constexpr Row<ConnectionStats> connection_metrics[] = {
    {{"container_network_tcp_usage_total", gauge, "TCP connections over IPv4, by state.",
      "tcp_state"},
     [](const ConnectionStats& all, const Samples& out) { write_tcp(all.tcp, out); }},
    {{"container_network_tcp6_usage_total", gauge, "TCP connections over IPv6, by state.",
      "tcp_state"},
     [](const ConnectionStats& all, const Samples& out) { write_tcp(all.tcp6, out); }},
    {{"container_network_udp_usage_total", gauge,
      "UDP sockets over IPv4: those that are not connected (listen), datagrams that found no room "
      "(dropped), and bytes that wait to be received and sent (rxqueued, txqueued).",
      "udp_state"},
     [](const ConnectionStats& all, const Samples& out) { write_udp(all.udp, out); }},
    {{"container_network_udp6_usage_total", gauge,
      "UDP sockets over IPv6, told as those over IPv4.", "udp_state"},
     [](const ConnectionStats& all, const Samples& out) { write_udp(all.udp6, out); }},
};

constexpr Row<ContainerStats> tcp_statistics_metrics[] = {
    {{"container_network_advance_tcp_stats_total", gauge,
      "The kernel's own counters of TCP, by their names in lower case.", "tcp_state"},
     [](const ContainerStats& stats, const Samples& out) {
       for (const auto& [name, value] : stats.tcp_statistics) {
         out.add(static_cast<double>(value), {{"tcp_state", name}});
       }
     }},
};

constexpr Row<ContainerStats> huge_page_metrics[] = {
    {{"container_hugetlb_usage_bytes", gauge, "Huge pages in use.", "pagesize"},
     [](const ContainerStats& stats, const Samples& out) {
       for (const auto& pages : stats.huge_pages) {
         out.add(pages.usage_bytes, {{"pagesize", pages.size}});
       }
     }},
    {{"container_hugetlb_max_usage_bytes", gauge,
      "The most huge pages that were ever in use. Absent with cgroup v2.", "pagesize"},
     [](const ContainerStats& stats, const Samples& out) {
       for (const auto& pages : stats.huge_pages) {
         out.add(pages.max_usage_bytes, {{"pagesize", pages.size}});
       }
     }},
    {{"container_hugetlb_failcnt", counter, "How often the limit of huge pages was hit.",
      "pagesize"},
     [](const ContainerStats& stats, const Samples& out) {
       for (const auto& pages : stats.huge_pages) {
         out.add(pages.fail_count, {{"pagesize", pages.size}});
       }
     }},
};

constexpr Row<TaskStats> task_metrics[] = {
    {{"container_processes", gauge, "Processes in the container."},
     [](const TaskStats& all, const Samples& out) { out.add(all.processes); }},
    {{"container_threads", gauge, "Threads of these processes."},
     [](const TaskStats& all, const Samples& out) { out.add(all.threads); }},
    {{"container_tasks_state", gauge, "These threads, by state.", "state"},
     [](const TaskStats& all, const Samples& out) {
       for (const auto state : model::task_states) {
         out.add(all.tasks[static_cast<std::size_t>(state)], {{"state", to_string(state)}});
       }
     }},
    {{"container_file_descriptors", gauge,
      "Descriptors that these processes have open. Absent where this daemon may not see them: of "
      "other users it must be root."},
     [](const TaskStats& all, const Samples& out) { out.add(all.descriptors); }},
    {{"container_sockets", gauge, "Those of them that are sockets."},
     [](const TaskStats& all, const Samples& out) { out.add(all.sockets); }},
    {{"container_ulimits_soft", gauge,
      "Soft limit of the container's first process. Absent where there is none.", "ulimit"},
     [](const TaskStats& all, const Samples& out) {
       out.add(all.descriptors_limit, {{"ulimit", "max_open_files"}});
     }},
};

/// Of the machine, whose numbers they are in; the kernel counts a container's in bytes.
std::optional<std::uint64_t> sectors(const BlockIoStats& io,
                                     const std::optional<std::uint64_t>& bytes) {
  constexpr std::uint64_t sector = 512;
  const bool is_machines = io.in_progress.has_value();
  return is_machines && bytes ? std::optional(*bytes / sector) : std::nullopt;
}

constexpr Row<BlockIoStats> block_io_metrics[] = {
    {{"container_fs_reads_bytes_total", counter, "Bytes read from the device.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.read_bytes); }},
    {{"container_fs_reads_total", counter, "Reads from the device.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.reads); }},
    {{"container_fs_writes_bytes_total", counter, "Bytes written to the device.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.write_bytes); }},
    {{"container_fs_writes_total", counter, "Writes to the device.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.writes); }},
    {{"container_blkio_device_usage_total", counter,
      "Bytes read from and written to the device, by operation (Read, Write).",
      "device, major, minor, operation"},
     [](const BlockIoStats& io, const Samples& out) {
       const auto major = std::to_string(io.major);
       const auto minor = std::to_string(io.minor);
       out.add(io.read_bytes, {{"major", major}, {"minor", minor}, {"operation", "Read"}});
       out.add(io.write_bytes, {{"major", major}, {"minor", minor}, {"operation", "Write"}});
     }},
    {{"container_fs_io_cost_usage_seconds_total", counter,
      "Time of the device used, by the model of the kernel's io.cost. Absent where that is off.",
      "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.cost.usage_seconds); }},
    {{"container_fs_io_cost_wait_seconds_total", counter,
      "How long I/O has waited because io.cost's share was used up.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.cost.wait_seconds); }},
    {{"container_fs_io_cost_indebt_seconds_total", counter,
      "How long more than io.cost's share was owed.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.cost.indebt_seconds); }},
    {{"container_fs_io_cost_indelay_seconds_total", counter,
      "How long processes were held back for what was owed.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.cost.indelay_seconds); }},
    {{"container_fs_sector_reads_total", counter, "Sectors of 512 bytes that the machine has read.",
      "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(sectors(io, io.read_bytes)); }},
    {{"container_fs_sector_writes_total", counter,
      "Sectors of 512 bytes that the machine has written.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(sectors(io, io.write_bytes)); }},
    {{"container_fs_reads_merged_total", counter,
      "Reads of the machine that became part of another.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.reads_merged); }},
    {{"container_fs_writes_merged_total", counter,
      "Writes of the machine that became part of another.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.writes_merged); }},
    {{"container_fs_read_seconds_total", counter, "How long all reads of the machine took.",
      "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.read_seconds); }},
    {{"container_fs_write_seconds_total", counter, "How long all writes of the machine took.",
      "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.write_seconds); }},
    {{"container_fs_io_current", gauge, "Reads and writes of the machine in progress.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.in_progress); }},
    {{"container_fs_io_time_seconds_total", counter,
      "How long the machine's device was reading or writing.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.busy_seconds); }},
    {{"container_fs_io_time_weighted_seconds_total", counter,
      "The same, each moment times the reads and writes in progress.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.weighted_busy_seconds); }},
};

}  // namespace

std::span<const Row<Container>> info_rows() noexcept {
  return info;
}
std::span<const Row<ContainerRecord>> sample_rows() noexcept {
  return sample;
}
std::span<const Row<Container>> health_rows() noexcept {
  return health_metrics;
}
std::span<const Row<ContainerRecord>> lifecycle_rows() noexcept {
  return lifecycle;
}
std::span<const Row<Lifecycle>> history_rows() noexcept {
  return history;
}
std::span<const Row<Container>> limit_rows() noexcept {
  return limits;
}
std::span<const Row<CpuStats>> cpu_rows() noexcept {
  return cpu_metrics;
}
std::span<const Row<MemoryStats>> memory_rows() noexcept {
  return memory_metrics;
}
std::span<const Row<PressureStats>> pressure_rows() noexcept {
  return pressure_metrics;
}
std::span<const Row<TaskStats>> task_rows() noexcept {
  return task_metrics;
}
std::span<const Row<ConnectionStats>> connection_rows() noexcept {
  return connection_metrics;
}
std::span<const Row<ContainerStats>> tcp_statistics_rows() noexcept {
  return tcp_statistics_metrics;
}
std::span<const Row<ContainerStats>> huge_page_rows() noexcept {
  return huge_page_metrics;
}
std::span<const Row<NetworkStats>> network_rows() noexcept {
  return network_metrics;
}
std::span<const Row<BlockIoStats>> block_io_rows() noexcept {
  return block_io_metrics;
}

}  // namespace tidegauge::metrics
