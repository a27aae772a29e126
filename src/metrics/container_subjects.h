#pragma once

// The containers of a page as its rows see them: who has which labels, and who is on it at all.
// Belongs to one rendering.

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
  std::vector<Subject<model::Container>> info;
  std::vector<Subject<model::ContainerRecord>> all;
  std::vector<Subject<model::ContainerRecord>> state_known;
  std::vector<Subject<model::Lifecycle>> history;
  std::vector<Subject<model::Container>> with_processes;
  std::vector<Subject<model::Container>> health_known;  ///< of these
  std::vector<Subject<model::CpuStats>> cpu;
  std::vector<Subject<model::MemoryStats>> memory;
  std::vector<Subject<model::PressureStats>> pressure;
  std::vector<Subject<model::NetworkStats>> networks;
  std::vector<Subject<model::BlockIoStats>> block_io;

  /// Calls `use(rows, subjects)` for each group of rows, in the order of the page.
  template <class Use>
  void for_each_group(const Use& use) {
    use(info_rows(), info);
    use(sample_rows(), all);
    use(lifecycle_rows(), state_known);
    use(history_rows(), history);
    use(health_rows(), health_known);
    use(limit_rows(), with_processes);
    use(cpu_rows(), cpu);
    use(memory_rows(), memory);
    use(pressure_rows(), pressure);
    use(network_rows(), networks);
    use(block_io_rows(), block_io);
  }
};

/// Those of `input` that `limit` has room for; `input` outlives them.
[[nodiscard]] ContainerSubjects collect_containers(const PageInput& input,
                                                   const PageOptions& options, SeriesLimit& limit);

}  // namespace tidegauge::metrics
