// Metrics of what the Engine says of a container: identity, state, history, health and limits.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;
using model::Container;
using model::ContainerRecord;
using model::Lifecycle;

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

/// cAdvisor's numbers: 0 both for a check that has not passed yet and for one that failed.
int health_number(model::Health health) {
  if (health == model::Health::none) return -1;
  return health == model::Health::healthy ? 1 : 0;
}

constexpr Row<Container> info[] = {
    {{"container_info", gauge, "Identity of the container; always 1.",
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
      "Last time the container was known to run, in seconds since the Unix epoch."},
     [](const ContainerRecord& record, const Samples& out) {
       out.add(unix_seconds(record.last_seen));
     }},
    {{"container_stats_source", gauge,
      "1 for the source of the container's resource use: the kernel's files or the Engine.",
      "source"},
     [](const ContainerRecord& record, const Samples& out) {
       if (record.stats) out.add(1, {{"source", to_string(record.stats->source)}});
     }},
    {{"container_last_sample_timestamp_seconds", gauge,
      "Time of the container's last sample, in seconds since the Unix epoch."},
     [](const ContainerRecord& record, const Samples& out) {
       if (record.stats) out.add(to_unix_seconds(record.stats->read_at));
     }},
    {{"container_pids", gauge, "Processes and threads in the container."},
     [](const ContainerRecord& record, const Samples& out) {
       if (record.stats) out.add(record.stats->pids);
     }},
    {{"container_pids_limit", gauge, "Limit of processes and threads. Absent without a limit."},
     [](const ContainerRecord& record, const Samples& out) { out.add(pids_limit(record)); }},
    {{"container_threads_max", gauge,
      "Limit of processes and threads by cAdvisor's name, 0 without a limit. Needs metrics.enable: "
      "[processes]."},
     [](const ContainerRecord& record, const Samples& out) { out.add(threads_limit(record)); }},
};

constexpr Row<ContainerRecord> lifecycle[] = {
    {{"container_state", gauge, "1 for the current state of the container, 0 for the others.",
      "state"},
     [](const ContainerRecord& record, const Samples& out) {
       for (const auto state : model::container_states) {
         out.add(state == record.container->state, {{"state", to_string(state)}});
       }
     }},
    {{"container_exit_code", gauge,
      "Exit code of the container's last run. Absent before the first exit."},
     [](const ContainerRecord& record, const Samples& out) {
       out.add(record.container->exit_code);
     }},
    {{"container_restartcount", gauge,
      "Restarts counted by the Engine. A manual start resets the count."},
     [](const ContainerRecord& record, const Samples& out) {
       out.add(record.container->restart_count);
     }},
    {{"container_collect_errors_total", counter,
      "Failed calls about the container since the start of this daemon."},
     [](const ContainerRecord& record, const Samples& out) { out.add(record.collect_errors); }},
    {{"container_stuck", gauge,
      "1 if calls about the container get stuck, so that none are made for a while."},
     [](const ContainerRecord& record, const Samples& out) { out.add(record.stuck ? 1 : 0); }},
};

constexpr Row<Lifecycle> history[] = {
    {{"container_restarts_total", counter,
      "Restarts of any cause, counted from the Engine's events."},
     [](const Lifecycle& counts, const Samples& out) { out.add(counts.restarts); }},
    {{"container_oom_events_total", counter,
      "Out-of-memory kills, counted from the Engine's events."},
     [](const Lifecycle& counts, const Samples& out) { out.add(counts.oom_events); }},
    {{"container_exits_total", counter,
      "Ends of runs by their cause (docs/exits.md), decided within 500 ms of the Engine's event.",
      "cause"},
     [](const Lifecycle& counts, const Samples& out) {
       for (const auto cause : model::end_causes) {
         out.add(counts.exits[static_cast<std::size_t>(cause)], {{"cause", to_string(cause)}});
       }
     }},
    {{"container_health_transitions_total", counter,
      "Changes of the health check's result, by the new result.", "to"},
     [](const Lifecycle& counts, const Samples& out) {
       for (const auto health : {model::Health::healthy, model::Health::unhealthy}) {
         out.add(counts.health_transitions[static_cast<std::size_t>(health)],
                 {{"to", to_string(health)}});
       }
     }},
    {{"container_last_exit_timestamp_seconds", gauge,
      "Time of the last exit, in seconds since the Unix epoch. Absent before the first exit."},
     [](const Lifecycle& counts, const Samples& out) {
       out.add(unix_seconds(counts.last_exit_at));
     }},
    {{"container_last_exit_info", gauge, "1, about the last end of a run. Absent before the first.",
      "cause, signal"},
     [](const Lifecycle& counts, const Samples& out) {
       if (!counts.last_run) return;
       const auto& last = *counts.last_run;
       const auto signal = last.signal ? model::signal_name(*last.signal) : std::string();
       out.add(1, {{"cause", to_string(last.cause)}, {"signal", signal}});
     }},
    {{"container_last_run_duration_seconds", gauge,
      "Duration of the last run that has ended. Absent before the first end, and where the start "
      "or the end is not known."},
     [](const Lifecycle& counts, const Samples& out) {
       if (counts.last_run) out.add(counts.last_run->duration_seconds);
     }},
    {{"container_last_run_cpu_seconds", gauge,
      "CPU time that the last run had used when it was last read: at its end with cgroup v2, at "
      "its last sample otherwise."},
     [](const Lifecycle& counts, const Samples& out) {
       if (counts.last_run) out.add(counts.last_run->cpu_seconds);
     }},
    {{"container_last_run_memory_peak_bytes", gauge,
      "Most memory that the last run had used at any time, as the kernel had recorded it when the "
      "run was last read."},
     [](const Lifecycle& counts, const Samples& out) {
       if (counts.last_run) out.add(counts.last_run->memory_peak_bytes);
     }},
    {{"container_finished_runs_total", counter,
      "Runs that have ended, without those that could not be started."},
     [](const Lifecycle& counts, const Samples& out) { out.add(counts.finished_runs.count); }},
    {{"container_finished_runs_cpu_seconds_total", counter,
      "CPU time of the runs that have ended, as last read of each."},
     [](const Lifecycle& counts, const Samples& out) {
       out.add(counts.finished_runs.cpu_seconds);
     }},
    {{"container_finished_runs_duration_seconds_total", counter,
      "Duration of the runs that have ended."},
     [](const Lifecycle& counts, const Samples& out) {
       out.add(counts.finished_runs.duration_seconds);
     }},
    {{"container_last_oom_timestamp_seconds", gauge,
      "Time of the last out-of-memory kill, in seconds since the Unix epoch. Absent before the "
      "first one."},
     [](const Lifecycle& counts, const Samples& out) {
       out.add(unix_seconds(counts.last_oom_at));
     }},
};

constexpr Row<Container> limits[] = {
    {{"container_creation_time_seconds", gauge,
      "Time of the container's creation, in seconds since the Unix epoch."},
     [](const Container& container, const Samples& out) {
       out.add(unix_seconds(container.created_at));
     }},
    {{"container_start_time_seconds", gauge,
      "Time of the container's last start, in seconds since the Unix epoch."},
     [](const Container& container, const Samples& out) {
       out.add(unix_seconds(container.started_at));
     }},
    {{"container_spec_cpu_period", gauge,
      "Period of the CPU quota, in microseconds. Absent without a quota."},
     [](const Container& container, const Samples& out) {
       out.add(container.limits.cpu_period_us);
     }},
    {{"container_spec_cpu_quota", gauge,
      "CPU time allowed per period, in microseconds. Absent without a quota."},
     [](const Container& container, const Samples& out) {
       out.add(container.limits.cpu_quota_us);
     }},
    {{"container_spec_cpu_shares", gauge, "CPU weight relative to other containers."},
     [](const Container& container, const Samples& out) { out.add(container.limits.cpu_shares); }},
    {{"container_spec_memory_limit_bytes", gauge, "Memory limit, 0 without a limit."},
     [](const Container& container, const Samples& out) {
       out.add(container.limits.memory_bytes.value_or(0));
     }},
    {{"container_spec_memory_swap_limit_bytes", gauge,
      "Limit of memory and swap together, 0 without a limit."},
     [](const Container& container, const Samples& out) {
       out.add(container.limits.memory_swap_bytes.value_or(0));
     }},
    {{"container_spec_memory_reservation_limit_bytes", gauge,
      "Soft memory limit, enforced if the machine is short of memory; 0 without a limit."},
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
      "1 for the current status of the health check (none: no check), 0 for the others.", "status"},
     [](const Container& container, const Samples& out) {
       for (const auto health : model::health_statuses) {
         out.add(health == container.health, {{"status", to_string(health)}});
       }
     }},
    {{"container_health_failing_streak", gauge,
      "Consecutive failed health checks. The Engine is asked every 30 s, or for one container a "
      "second where more than 30 have a check. Absent without a check."},
     [](const Container& container, const Samples& out) {
       out.add(container.health_failing_streak);
     }},
    {{"container_health_last_check_duration_seconds", gauge,
      "Duration of the last finished health check. The Engine is asked as seldom as for "
      "container_health_failing_streak. Absent before the first check has finished."},
     [](const Container& container, const Samples& out) {
       out.add(container.last_health_check.duration_seconds);
     }},
    {{"container_health_last_check_exit_code", gauge,
      "Exit code of the last finished health check, -1 if the Engine ended it at its timeout. The "
      "Engine is asked as seldom as for container_health_failing_streak. Absent before the first "
      "check has finished."},
     [](const Container& container, const Samples& out) {
       out.add(container.last_health_check.exit_code);
     }},
};

}  // namespace

std::span<const Row<Container>> info_rows() noexcept {
  return info;
}
std::span<const Row<ContainerRecord>> sample_rows() noexcept {
  return sample;
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
std::span<const Row<Container>> health_rows() noexcept {
  return health_metrics;
}

}  // namespace tidegauge::metrics
