#include <string>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;
using model::CallStats;
using model::EngineSnapshot;

/// One series that joins by `endpoint`, so that none of its texts is on every other one.
void write_engine_info(const EngineSnapshot& engine, const Samples& out) {
  if (!engine.version) return;
  const auto& version = *engine.version;
  const auto info = engine.info.value_or(model::EngineInfo{});
  const auto negotiated =
      engine.negotiated_api_version ? to_string(*engine.negotiated_api_version) : std::string();
  const auto cgroup_version = engine.info ? std::to_string(info.cgroup_version) : std::string();
  out.add(1, {{"version", version.version},
              {"api_version", to_string(version.api_version)},
              {"min_api_version", to_string(version.min_api_version)},
              {"negotiated_api_version", negotiated},
              {"os", version.os},
              {"arch", version.arch},
              {"kernel", version.kernel_version},
              {"host", info.name},
              {"operating_system", info.operating_system},
              {"storage_driver", info.storage_driver},
              {"cgroup_driver", info.cgroup_driver},
              {"cgroup_version", cgroup_version}});
}

/// As cAdvisor's, whose own version and revision there are none of.
void write_version_info(const EngineSnapshot& engine, const Samples& out) {
  if (!engine.version || !engine.info) return;
  out.add(1, {{"kernelVersion", engine.version->kernel_version},
              {"osVersion", engine.info->operating_system},
              {"dockerVersion", engine.version->version}});
}

void write_container_counts(const EngineSnapshot& engine, const Samples& out) {
  if (!engine.up) return;  // nobody knows
  for (const auto state : model::container_states) {
    out.add(engine.containers_by_state[static_cast<std::size_t>(state)],
            {{"state", to_string(state)}});
  }
}

constexpr Row<EngineSnapshot> engine_metrics[] = {
    {{"tidegauge_engine_up", gauge,
      "1 while the Engine answers, 0 while it does not or nobody knows."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(engine.up); }},
    {{"container_scrape_error", gauge,
      "1 while the Engine does not answer, 0 while it does, by cAdvisor's name."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(!engine.up); }},
    {{"tidegauge_snapshot_timestamp_seconds", gauge,
      "When what this page shows of the Engine was published, in seconds since the Unix epoch."},
     [](const EngineSnapshot& engine, const Samples& out) {
       out.add(to_unix_seconds(engine.taken_at));
     }},
    {{"tidegauge_snapshot_stale", gauge,
      "1 while what is known of the Engine is older than container_monitor.max_age, and not "
      "shown."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(engine.stale); }},
    {{"tidegauge_engine_info", gauge, "What the Engine says of itself; always 1.",
      "version, api_version, min_api_version, negotiated_api_version, os, arch, kernel, host, "
      "operating_system, storage_driver, cgroup_driver, cgroup_version"},
     write_engine_info},
    {{"cadvisor_version_info", gauge,
      "The versions of the Engine and its machine by cAdvisor's labels; always 1.",
      "kernelVersion, osVersion, dockerVersion"},
     write_version_info},
    {{"machine_cpu_cores", gauge, "CPUs of the Engine's machine, by cAdvisor's name."},
     [](const EngineSnapshot& engine, const Samples& out) {
       if (engine.info) out.add(engine.info->cpus);
     }},
    {{"machine_memory_bytes", gauge, "Memory of the Engine's machine, by cAdvisor's name."},
     [](const EngineSnapshot& engine, const Samples& out) {
       if (engine.info) out.add(engine.info->memory_bytes);
     }},
    {{"tidegauge_engine_cpus", gauge, "CPUs of the Engine's machine."},
     [](const EngineSnapshot& engine, const Samples& out) {
       if (engine.info) out.add(engine.info->cpus);
     }},
    {{"tidegauge_engine_memory_bytes", gauge, "Memory of the Engine's machine."},
     [](const EngineSnapshot& engine, const Samples& out) {
       if (engine.info) out.add(engine.info->memory_bytes);
     }},
    {{"tidegauge_engine_containers", gauge,
      "Containers by state, also of those that are not watched. Absent while the Engine is down.",
      "state"},
     write_container_counts},
    {{"tidegauge_engine_events_total", counter, "Events told by the Engine, by type and action.",
      "type, action"},
     [](const EngineSnapshot& engine, const Samples& out) {
       for (const auto& [kind, count] : engine.inventory.events) {
         out.add(count, {{"type", kind.first}, {"action", kind.second}});
       }
     }},
    {{"tidegauge_inventory_event_streams_total", counter,
      "How often the stream of events was opened: once, and again whenever it ended."},
     [](const EngineSnapshot& engine, const Samples& out) {
       out.add(engine.inventory.streams_opened);
     }},
    {{"tidegauge_inventory_lists_total", counter,
      "Lists of all containers: at the start, and where events may have been lost."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(engine.inventory.lists); }},
    {{"tidegauge_inventory_drift_total", counter,
      "Containers that such a list showed otherwise than the events had."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(engine.inventory.drift); }},
    {{"tidegauge_engine_max_in_flight", gauge,
      "Calls about containers that are made at the same time, as found best for this Engine."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(engine.max_in_flight); }},
};

constexpr Row<CallStats> call_metrics[] = {
    {{"tidegauge_engine_requests_total", counter, "Calls made to the Engine, failed ones included.",
      "call"},
     [](const CallStats& call, const Samples& out) { out.add(call.requests); }},
    {{"tidegauge_engine_request_failures_total", counter,
      "Calls that failed, by reason. A reason appears with its first failure.", "call, reason"},
     [](const CallStats& call, const Samples& out) {
       for (const auto& [reason, count] : call.failures) {
         out.add(count, {{"reason", to_string(reason)}});
       }
     }},
    {{"tidegauge_engine_request_duration_seconds", histogram,
      "How long calls took, failed ones included.", "call"},
     [](const CallStats& call, const Samples& out) { out.add(call.duration); }},
};

}  // namespace

std::span<const Row<EngineSnapshot>> engine_rows() noexcept {
  return engine_metrics;
}
std::span<const Row<CallStats>> call_rows() noexcept {
  return call_metrics;
}

}  // namespace tidegauge::metrics
