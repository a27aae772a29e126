#pragma once

// The table of metric groups. A row has everything that there is to know of a group: its heading
// and text in docs/metrics.md, its name in metrics.enable and metrics.disable, its metrics, and
// what they are about. The page, the count of series and docs/metrics.md all read this table, in
// its order. A new group is one row here plus the rows of its metrics (`metric_table.h`).
// Immutable, hence thread-safe.

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "metrics/group_texts.h"
#include "metrics/metric_table.h"
#include "metrics/subjects.h"
#include "tidegauge/config/metric_groups.h"

namespace tidegauge::metrics {

/// `SourceType` is what the metrics are about, `Scope` what a page selects it from.
template <class SourceType, class Scope>
struct Group {
  using Source = SourceType;

  std::string_view heading;                 ///< empty: the group belongs to the heading above
  std::optional<config::MetricGroup> name;  ///< absent: the group is always on the page
  std::string_view text;
  std::span<const Row<Source>> (*rows)() noexcept;
  void (*select)(const Scope& scope, const Selection<Source>& out);
};

/// One container, the machine, or the history of a container name. What does not apply is null.
struct ContainerScope {
  std::string_view endpoint_labels;
  std::string_view labels;      ///< as metrics.labels wants them
  std::string_view all_labels;  ///< those of container_info
  const model::ContainerRecord* record = nullptr;
  const model::ContainerStats* stats = nullptr;
  std::span<const model::FilesystemStats> filesystems;
  const model::HostStats* machine = nullptr;
  const model::Lifecycle* history = nullptr;
  /// Start of the counts: of the container's run, of the machine or of the history.
  std::optional<WallTime> since = {};
  /// Start of what this daemon counts about the container.
  std::optional<WallTime> watched_since = {};

  /// Null for the machine and for histories.
  [[nodiscard]] const model::Container* container() const {
    return record != nullptr && machine == nullptr ? record->container.get() : nullptr;
  }
  [[nodiscard]] const model::Container* container_with_processes() const {
    const auto* const found = container();
    return found != nullptr && has_processes(found->state) ? found : nullptr;
  }
};

/// One Engine, its client or its pool. What does not apply is null.
struct EngineScope {
  std::string_view labels;  ///< `endpoint`, if there are several Engines
  const model::EngineSnapshot* engine = nullptr;
  const model::ClientStats* client = nullptr;
  const model::PoolStats* pool = nullptr;
  std::optional<WallTime> since = {};  ///< start of the counts: that of this daemon
};

/// "/dev/vda", or "major:minor" if the name is not known.
[[nodiscard]] inline std::string device_name(const model::BlockIoStats& io) {
  if (!io.device.empty()) return io.device;
  return std::to_string(io.major) + ":" + std::to_string(io.minor);
}

template <class Source>
using ContainerGroup = Group<Source, ContainerScope>;
template <class Source>
using EngineGroup = Group<Source, EngineScope>;

/// The groups whose series metrics.max_series limits.
inline constexpr std::tuple container_groups{
    ContainerGroup<model::Container>{"Containers: identity", config::MetricGroup::info,
                                     identity_text, info_rows,
                                     [](const auto& scope, const auto& out) {
                                       if (const auto* container = scope.container())
                                         out.add(*container, scope.all_labels);
                                     }},
    ContainerGroup<model::ContainerRecord>{"Containers: state and age",
                                           {},
                                           {},
                                           sample_rows,
                                           [](const auto& scope, const auto& out) {
                                             if (scope.record) out.add(*scope.record, scope.labels);
                                           }},
    ContainerGroup<model::ContainerRecord>{
        {},
        {},
        {},
        lifecycle_rows,
        [](const auto& scope, const auto& out) {
          if (!scope.container()) return;
          if (!scope.record->state_known) return;
          out.counted_since(scope.watched_since).add(*scope.record, scope.labels);
        }},
    ContainerGroup<model::Lifecycle>{"Containers: history", config::MetricGroup::history,
                                     history_text, history_rows,
                                     [](const auto& scope, const auto& out) {
                                       if (scope.history) out.add(*scope.history, scope.labels);
                                     }},
    ContainerGroup<model::Container>{
        "Containers: health", config::MetricGroup::health, running_text, health_rows,
        [](const auto& scope, const auto& out) {
          const auto* const container = scope.container_with_processes();
          if (container && scope.record->state_known) out.add(*container, scope.labels);
        }},
    ContainerGroup<model::Container>{
        "Containers: start and limits", config::MetricGroup::spec, running_text, limit_rows,
        [](const auto& scope, const auto& out) {
          if (scope.machine) return out.add(*scope.record->container, scope.labels);
          const auto* const container = scope.container_with_processes();
          if (container) out.add(*container, scope.labels);
        }},
    ContainerGroup<model::CpuStats>{"Containers: CPU", config::MetricGroup::cpu, cpu_text, cpu_rows,
                                    [](const auto& scope, const auto& out) {
                                      if (scope.stats) out.add(scope.stats->cpu, scope.labels);
                                    }},
    ContainerGroup<model::MemoryStats>{"Containers: memory",
                                       config::MetricGroup::memory,
                                       {},
                                       memory_rows,
                                       [](const auto& scope, const auto& out) {
                                         if (scope.stats)
                                           out.add(scope.stats->memory, scope.labels);
                                       }},
    ContainerGroup<model::PressureStats>{"Containers: pressure", config::MetricGroup::pressure,
                                         pressure_text, pressure_rows,
                                         [](const auto& scope, const auto& out) {
                                           if (scope.stats)
                                             out.add(scope.stats->pressure, scope.labels);
                                         }},
    ContainerGroup<model::TaskStats>{"Containers: processes",
                                     config::MetricGroup::processes,
                                     {},
                                     task_rows,
                                     [](const auto& scope, const auto& out) {
                                       if (scope.stats)
                                         out.add(scope.stats->processes, scope.labels);
                                     }},
    ContainerGroup<model::NetworkStats>{
        "Containers: network",
        config::MetricGroup::network,
        {},
        network_rows,
        [](const auto& scope, const auto& out) {
          if (!scope.stats) return;
          for (const auto& network : scope.stats->networks) {
            const bool by_docker = network.interface.starts_with("eth");
            out.add(network, scope.labels, {"interface", network.interface},
                    by_docker ? Priority::docker_interface : Priority::repeated);
          }
        }},
    ContainerGroup<model::ConnectionStats>{"Containers: connections",
                                           config::MetricGroup::connections, connections_text,
                                           connection_rows,
                                           [](const auto& scope, const auto& out) {
                                             if (scope.stats)
                                               out.add(scope.stats->connections, scope.labels);
                                           }},
    ContainerGroup<model::ContainerStats>{"Containers: TCP", config::MetricGroup::tcp_statistics,
                                          tcp_statistics_text, tcp_statistics_rows,
                                          [](const auto& scope, const auto& out) {
                                            if (scope.stats &&
                                                !scope.stats->tcp_statistics.empty()) {
                                              out.add(*scope.stats, scope.labels);
                                            }
                                          }},
    ContainerGroup<model::ContainerStats>{"Containers: huge pages",
                                          config::MetricGroup::huge_pages,
                                          {},
                                          huge_page_rows,
                                          [](const auto& scope, const auto& out) {
                                            if (scope.stats && !scope.stats->huge_pages.empty())
                                              out.add(*scope.stats, scope.labels);
                                          }},
    ContainerGroup<model::BlockIoStats>{
        "Containers: block I/O", config::MetricGroup::block_io, block_io_text, block_io_rows,
        [](const auto& scope, const auto& out) {
          if (!scope.stats) return;
          for (const auto& io : scope.stats->block_io) {
            out.add(io, scope.labels, {"device", device_name(io)}, Priority::repeated);
          }
        }},
    ContainerGroup<model::FilesystemStats>{
        "File systems", config::MetricGroup::filesystem, filesystem_text, filesystem_rows,
        [](const auto& scope, const auto& out) {
          for (const auto& filesystem : scope.filesystems) {
            out.add(filesystem, scope.labels, {"device", filesystem.device}, Priority::repeated);
          }
        }},
    ContainerGroup<model::HostStats>{"The machine", config::MetricGroup::machine, machine_text,
                                     machine_rows,
                                     [](const auto& scope, const auto& out) {
                                       if (scope.machine)
                                         out.add(*scope.machine, scope.endpoint_labels);
                                     }},
};

/// The groups that have a few series per Engine.
inline constexpr std::tuple engine_groups{
    EngineGroup<model::EngineSnapshot>{"Engines",
                                       {},
                                       {},
                                       engine_rows,
                                       [](const auto& scope, const auto& out) {
                                         if (scope.engine) out.add(*scope.engine, scope.labels);
                                       }},
    EngineGroup<model::CallStats>{"Engines: calls",
                                  config::MetricGroup::calls,
                                  {},
                                  call_rows,
                                  [](const auto& scope, const auto& out) {
                                    if (!scope.client) return;
                                    for (const auto call : model::all_calls) {
                                      out.add(scope.client->calls[static_cast<std::size_t>(call)],
                                              scope.labels, {"call", to_string(call)});
                                    }
                                  }},
    EngineGroup<model::PoolStats>{"Connection pools", config::MetricGroup::pool, pool_text,
                                  pool_rows,
                                  [](const auto& scope, const auto& out) {
                                    if (scope.pool)
                                      out.add(*scope.pool, {}, {"endpoint", scope.pool->endpoint});
                                  }},
};

}  // namespace tidegauge::metrics
