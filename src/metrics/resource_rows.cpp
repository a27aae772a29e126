// Metrics of what a container uses: CPU, memory, processes and huge pages.

#include <cstddef>
#include <string>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;
using model::ContainerStats;
using model::CpuStats;
using model::MemoryStats;
using model::PressureStats;
using model::TaskStats;

/// cAdvisor's names, with at least two digits.
std::string cpu_name(std::size_t number) {
  return (number < 10 ? "cpu0" : "cpu") + std::to_string(number);
}

constexpr Row<CpuStats> cpu_metrics[] = {
    {{"container_cpu_usage_seconds_total", counter,
      "CPU time used: of all CPUs (total), or of each CPU (cpu00, ...), never both.", "cpu"},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.per_cpu_seconds.empty()) out.add(cpu.usage_seconds, {{"cpu", "total"}});
       for (std::size_t number = 0; number < cpu.per_cpu_seconds.size(); ++number) {
         out.add(cpu.per_cpu_seconds[number], {{"cpu", cpu_name(number)}});
       }
     }},
    {{"container_cpu_user_seconds_total", counter, "CPU time used in user mode."},
     [](const CpuStats& cpu, const Samples& out) { out.add(cpu.user_seconds); }},
    {{"container_cpu_system_seconds_total", counter, "CPU time used in kernel mode."},
     [](const CpuStats& cpu, const Samples& out) { out.add(cpu.system_seconds); }},
    {{"container_cpu_cfs_periods_total", counter,
      "Elapsed periods of the CPU quota. Absent without a quota."},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.throttling) out.add(cpu.throttling->periods);
     }},
    {{"container_cpu_cfs_throttled_periods_total", counter,
      "Periods in which the CPU quota was exhausted. Absent without a quota."},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.throttling) out.add(cpu.throttling->throttled_periods);
     }},
    {{"container_cpu_cfs_throttled_seconds_total", counter,
      "Time for which the container was throttled by its CPU quota. Absent without a quota."},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.throttling) out.add(cpu.throttling->throttled_seconds);
     }},
    {{"container_cpu_cfs_burst_periods_total", counter,
      "Periods in which the container used more than its CPU quota, from unused quota of earlier "
      "periods."},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.throttling) out.add(cpu.throttling->bursts);
     }},
    {{"container_cpu_cfs_burst_seconds_total", counter,
      "CPU time used beyond the CPU quota in such periods."},
     [](const CpuStats& cpu, const Samples& out) {
       if (cpu.throttling) out.add(cpu.throttling->burst_seconds);
     }},
    {{"container_cpu_usage_interval_max_cores", gauge,
      "Highest mean CPU use over one container_monitor.peak_interval, in the last finished "
      "container_monitor.interval. Absent without a peak_interval, for a container that the Engine "
      "samples, and before a run's first interval has ended."},
     [](const CpuStats& cpu, const Samples& out) { out.add(cpu.interval_max_cores); }},
};

constexpr Row<MemoryStats> memory_metrics[] = {
    {{"container_memory_usage_bytes", gauge, "Memory in use, page cache included."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.usage_bytes); }},
    {{"container_memory_working_set_bytes", gauge,
      "Memory in use without the inactive page cache, which the kernel can reclaim easily."},
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
    {{"container_memory_max_usage_bytes", gauge, "Peak of the memory in use."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.max_usage_bytes); }},
    {{"container_memory_usage_interval_max_bytes", gauge,
      "Highest memory in use, read every container_monitor.peak_interval, in the last finished "
      "container_monitor.interval. Absent without a peak_interval, for a container that the Engine "
      "samples, and before a run's first interval has ended."},
     [](const MemoryStats& memory, const Samples& out) {
       out.add(memory.interval_max_usage_bytes);
     }},
    {{"container_memory_total_active_file_bytes", gauge, "Recently used page cache."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.active_file_bytes); }},
    {{"container_memory_total_inactive_file_bytes", gauge,
      "Page cache that was not used recently."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.inactive_file_bytes); }},
    {{"container_memory_file_dirty_bytes", gauge, "Page cache that must still be written to disk."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.dirty_bytes); }},
    {{"container_memory_file_writeback_bytes", gauge, "Page cache that is being written to disk."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.writeback_bytes); }},
    {{"container_memory_failcnt", counter, "Times the memory limit was hit."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.fail_count); }},
    {{"container_memory_failures_total", counter,
      "Page faults (pgfault) and page faults with a disk read (pgmajfault). The scopes container "
      "and hierarchy have equal values, as in cAdvisor with cgroup v2.",
      "failure_type, scope"},
     [](const MemoryStats& memory, const Samples& out) {
       for (const auto* const scope : {"container", "hierarchy"}) {
         out.add(memory.page_faults, {{"failure_type", "pgfault"}, {"scope", scope}});
         out.add(memory.major_page_faults, {{"failure_type", "pgmajfault"}, {"scope", scope}});
       }
     }},
    {{"container_memory_events_low_total", counter,
      "Times memory was reclaimed although usage was below memory.low."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.events.low); }},
    {{"container_memory_events_high_total", counter,
      "Times processes were throttled because usage was above memory.high."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.events.high); }},
    {{"container_memory_events_max_total", counter, "Times the memory limit was hit."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.events.max); }},
    {{"container_memory_events_oom_total", counter,
      "Times the memory limit was hit and nothing could be reclaimed."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.events.oom); }},
    {{"container_memory_events_oom_kill_total", counter,
      "Processes killed by the out-of-memory killer, counted by the kernel in the current run."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.events.oom_kill); }},
    {{"container_memory_pgscan_total", counter, "Pages scanned for reclaim."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.pages_scanned); }},
    {{"container_memory_pgsteal_total", counter, "Pages reclaimed."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.pages_stolen); }},
    {{"container_memory_workingset_refault_file_total", counter,
      "File pages that were used again soon after they were reclaimed."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.refaults_file); }},
    {{"container_memory_workingset_refault_anon_total", counter,
      "Anonymous pages that were used again soon after they were reclaimed."},
     [](const MemoryStats& memory, const Samples& out) { out.add(memory.refaults_anon); }},
};

constexpr Row<PressureStats> pressure_metrics[] = {
    {{"container_pressure_cpu_waiting_seconds_total", counter,
      "Time in which at least one process waited for a CPU."},
     [](const PressureStats& some, const Samples& out) { out.add(some.cpu.waiting_seconds); }},
    {{"container_pressure_cpu_stalled_seconds_total", counter,
      "Time in which all processes waited for a CPU."},
     [](const PressureStats& all, const Samples& out) { out.add(all.cpu.stalled_seconds); }},
    {{"container_pressure_memory_waiting_seconds_total", counter,
      "Time in which at least one process waited for memory."},
     [](const PressureStats& some, const Samples& out) { out.add(some.memory.waiting_seconds); }},
    {{"container_pressure_memory_stalled_seconds_total", counter,
      "Time in which all processes waited for memory."},
     [](const PressureStats& all, const Samples& out) { out.add(all.memory.stalled_seconds); }},
    {{"container_pressure_io_waiting_seconds_total", counter,
      "Time in which at least one process waited for block I/O."},
     [](const PressureStats& some, const Samples& out) { out.add(some.io.waiting_seconds); }},
    {{"container_pressure_io_stalled_seconds_total", counter,
      "Time in which all processes waited for block I/O."},
     [](const PressureStats& all, const Samples& out) { out.add(all.io.stalled_seconds); }},
};

constexpr Row<TaskStats> task_metrics[] = {
    {{"container_processes", gauge, "Processes in the container."},
     [](const TaskStats& all, const Samples& out) { out.add(all.processes); }},
    {{"container_threads", gauge, "Threads in the container."},
     [](const TaskStats& all, const Samples& out) { out.add(all.threads); }},
    {{"container_tasks_state", gauge, "Threads in the container, by state.", "state"},
     [](const TaskStats& all, const Samples& out) {
       for (const auto state : model::task_states) {
         out.add(all.tasks[static_cast<std::size_t>(state)], {{"state", to_string(state)}});
       }
     }},
    {{"container_file_descriptors", gauge,
      "Open descriptors of the container's processes. Absent if this daemon may not see them: it "
      "must be root to see those of other users."},
     [](const TaskStats& all, const Samples& out) { out.add(all.descriptors); }},
    {{"container_sockets", gauge, "Open descriptors that are sockets."},
     [](const TaskStats& all, const Samples& out) { out.add(all.sockets); }},
    {{"container_ulimits_soft", gauge,
      "Soft limit of the container's first process. Absent without a limit.", "ulimit"},
     [](const TaskStats& all, const Samples& out) {
       out.add(all.descriptors_limit, {{"ulimit", "max_open_files"}});
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
      "Peak of the huge pages in use. Absent with cgroup v2.", "pagesize"},
     [](const ContainerStats& stats, const Samples& out) {
       for (const auto& pages : stats.huge_pages) {
         out.add(pages.max_usage_bytes, {{"pagesize", pages.size}});
       }
     }},
    {{"container_hugetlb_failcnt", counter, "Times the limit of huge pages was hit.", "pagesize"},
     [](const ContainerStats& stats, const Samples& out) {
       for (const auto& pages : stats.huge_pages) {
         out.add(pages.fail_count, {{"pagesize", pages.size}});
       }
     }},
};

}  // namespace

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
std::span<const Row<ContainerStats>> huge_page_rows() noexcept {
  return huge_page_metrics;
}

}  // namespace tidegauge::metrics
