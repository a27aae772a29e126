#include <string>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;
using model::CallStats;
using model::EngineSnapshot;

/// One series that queries join by `endpoint`, so that other series do not need its labels.
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

/// cAdvisor's labels without cadvisorVersion and cadvisorRevision.
void write_version_info(const EngineSnapshot& engine, const Samples& out) {
  if (!engine.version || !engine.info) return;
  out.add(1, {{"kernelVersion", engine.version->kernel_version},
              {"osVersion", engine.info->operating_system},
              {"dockerVersion", engine.version->version}});
}

void write_container_counts(const EngineSnapshot& engine, const Samples& out) {
  if (!engine.up) return;  // the counts are unknown
  for (const auto state : model::container_states) {
    out.add(engine.containers_by_state[static_cast<std::size_t>(state)],
            {{"state", to_string(state)}});
  }
}

constexpr Row<EngineSnapshot> engine_metrics[] = {
    {{"tidegauge_engine_up", gauge,
      "1 while the Engine answers, 0 while it does not answer or its state is unknown."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(engine.up); }},
    {{"container_scrape_error", gauge,
      "1 while the Engine does not answer, 0 while it does; cAdvisor's name."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(!engine.up); }},
    {{"tidegauge_snapshot_timestamp_seconds", gauge,
      "Time at which the data of the Engine on this page was published, in seconds since the Unix "
      "epoch."},
     [](const EngineSnapshot& engine, const Samples& out) {
       out.add(to_unix_seconds(engine.taken_at));
     }},
    {{"tidegauge_snapshot_stale", gauge,
      "1 while the data of the Engine is older than container_monitor.max_age and therefore not "
      "shown."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(engine.stale); }},
    {{"tidegauge_engine_info", gauge, "Versions and properties of the Engine; always 1.",
      "version, api_version, min_api_version, negotiated_api_version, os, arch, kernel, host, "
      "operating_system, storage_driver, cgroup_driver, cgroup_version"},
     write_engine_info},
    {{"cadvisor_version_info", gauge,
      "Versions of the Engine and its machine, with cAdvisor's labels; always 1.",
      "kernelVersion, osVersion, dockerVersion"},
     write_version_info},
    {{"machine_cpu_cores", gauge, "CPUs of the Engine's machine; cAdvisor's name."},
     [](const EngineSnapshot& engine, const Samples& out) {
       if (engine.info) out.add(engine.info->cpus);
     }},
    {{"machine_memory_bytes", gauge, "Memory of the Engine's machine; cAdvisor's name."},
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
      "Containers by state, including those that are not watched. Absent while the Engine is down.",
      "state"},
     write_container_counts},
    {{"tidegauge_engine_events_total", counter,
      "Events received from the Engine, by type and action.", "type, action"},
     [](const EngineSnapshot& engine, const Samples& out) {
       for (const auto& [kind, count] : engine.inventory.events) {
         out.add(count, {{"type", kind.first}, {"action", kind.second}});
       }
     }},
    {{"tidegauge_inventory_event_streams_total", counter,
      "Times the event stream was opened: once, and again each time it ended."},
     [](const EngineSnapshot& engine, const Samples& out) {
       out.add(engine.inventory.streams_opened);
     }},
    {{"tidegauge_inventory_lists_total", counter,
      "Lists of all containers: at the start, and when events may have been lost."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(engine.inventory.lists); }},
    {{"tidegauge_inventory_drift_total", counter,
      "Containers whose state in a list differed from the state that the events had shown."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(engine.inventory.drift); }},
    {{"tidegauge_engine_max_in_flight", gauge,
      "Limit of concurrent calls about containers, adapted to this Engine."},
     [](const EngineSnapshot& engine, const Samples& out) { out.add(engine.max_in_flight); }},
};

constexpr Row<CallStats> call_metrics[] = {
    {{"tidegauge_engine_requests_total", counter, "Calls to the Engine, including failed calls.",
      "call"},
     [](const CallStats& call, const Samples& out) { out.add(call.requests); }},
    {{"tidegauge_engine_request_failures_total", counter,
      "Failed calls, by reason. A reason appears with its first failure.", "call, reason"},
     [](const CallStats& call, const Samples& out) {
       for (const auto& [reason, count] : call.failures) {
         out.add(count, {{"reason", to_string(reason)}});
       }
     }},
    {{"tidegauge_engine_request_duration_seconds", histogram,
      "Duration of calls, including failed calls.", "call"},
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
