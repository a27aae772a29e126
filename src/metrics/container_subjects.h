#pragma once

// The containers of a page as its rows see them: who has which labels, and who is on it at all.
// Belongs to one rendering.

#include <deque>
#include <string>
#include <vector>

#include "metrics/render_rows.h"
#include "tidegauge/metrics/page.h"
#include "tidegauge/metrics/series_limit.h"

namespace tidegauge::metrics {

/// The label of an Engine: only where there are several, for it would be the same everywhere.
[[nodiscard]] std::string endpoint_label(const PageInput& input, std::string_view endpoint);

/// What the rows of containers are about, each with its labels.
struct ContainerSubjects {
  std::vector<Subject<model::Container>> infos;
  std::vector<Subject<model::ContainerRecord>> all;
  std::vector<Subject<model::ContainerRecord>> state_known;
  std::vector<Subject<model::Lifecycle>> histories;
  std::vector<Subject<model::Container>> with_processes;
  std::vector<Subject<model::Container>> health_known;  ///< of these
  std::vector<Subject<model::CpuStats>> cpus;
  std::vector<Subject<model::MemoryStats>> memories;
  std::vector<Subject<model::PressureStats>> pressures;
  std::vector<Subject<model::TaskStats>> processes;
  std::vector<Subject<model::NetworkStats>> networks;
  std::vector<Subject<model::ConnectionStats>> connections;
  std::vector<Subject<model::ContainerStats>> with_tcp_statistics;
  std::vector<Subject<model::ContainerStats>> with_huge_pages;
  std::vector<Subject<model::BlockIoStats>> block_ios;
  std::vector<Subject<model::FilesystemStats>> filesystems;
  std::vector<Subject<model::HostStats>> machines;
  std::deque<model::ContainerRecord> hosts;   ///< the machines as if they were containers
  std::deque<model::FilesystemStats> layers;  ///< the containers' parts of file systems
  LabelSets label_sets;

  /// Calls `use(rows, subjects)` for each group of rows that is wanted, in the order of the page.
  template <class Use>
  void for_each_group(const PageOptions& options, const Use& use) {
    using enum config::MetricGroup;
    const auto use_group = [&](config::MetricGroup group, const auto& rows, auto& subjects) {
      if (options.shows(group)) use(rows, subjects);
    };
    use_group(info, info_rows(), infos);
    use(sample_rows(), all);
    use(lifecycle_rows(), state_known);
    use_group(history, history_rows(), histories);
    use_group(health, health_rows(), health_known);
    use_group(spec, limit_rows(), with_processes);
    use_group(cpu, cpu_rows(), cpus);
    use_group(memory, memory_rows(), memories);
    use_group(pressure, pressure_rows(), pressures);
    use(task_rows(), processes);
    use_group(network, network_rows(), networks);
    use(connection_rows(), connections);
    use(tcp_statistics_rows(), with_tcp_statistics);
    use(huge_page_rows(), with_huge_pages);
    use_group(block_io, block_io_rows(), block_ios);
    use_group(filesystem, filesystem_rows(), filesystems);
    use_group(machine, machine_rows(), machines);
  }
};

/// Those of `input` that `limit` has room for; `input` outlives them.
[[nodiscard]] ContainerSubjects collect_containers(const PageInput& input,
                                                   const PageOptions& options, SeriesLimit& limit);

}  // namespace tidegauge::metrics
