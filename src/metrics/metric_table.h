#pragma once

// The table of metrics. A row has the name, type and help of a metric, and the function that takes
// its values from a source. A new metric is a new row; `metric_groups.h` puts the rows into groups,
// `page.cpp` renders them and `reference.cpp` prints them. A metric that cAdvisor has, too, has
// cAdvisor's name, labels and unit. Immutable, hence thread-safe.

#include <span>

#include "metrics/family.h"
#include "metrics/family_writer.h"
#include "metrics/process_stats.h"
#include "tidegauge/metrics/series_limit.h"
#include "tidegauge/model/call_stats.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::metrics {

/// `Source` is what the metric describes. Its labels come from the caller.
template <class Source>
struct Row {
  Family family;
  void (*write)(const Source& source, const Samples& out);
};

// Each container.
[[nodiscard]] std::span<const Row<model::Container>> info_rows() noexcept;
[[nodiscard]] std::span<const Row<model::ContainerRecord>> sample_rows() noexcept;
[[nodiscard]] std::span<const Row<model::ContainerRecord>> lifecycle_rows() noexcept;
[[nodiscard]] std::span<const Row<model::Container>> health_rows() noexcept;
[[nodiscard]] std::span<const Row<model::Container>> limit_rows() noexcept;
[[nodiscard]] std::span<const Row<model::CpuStats>> cpu_rows() noexcept;
[[nodiscard]] std::span<const Row<model::MemoryStats>> memory_rows() noexcept;
[[nodiscard]] std::span<const Row<model::PressureStats>> pressure_rows() noexcept;
[[nodiscard]] std::span<const Row<model::TaskStats>> task_rows() noexcept;
[[nodiscard]] std::span<const Row<model::NetworkStats>> network_rows() noexcept;
[[nodiscard]] std::span<const Row<model::ConnectionStats>> connection_rows() noexcept;
[[nodiscard]] std::span<const Row<model::ContainerStats>> tcp_statistics_rows() noexcept;
[[nodiscard]] std::span<const Row<model::ContainerStats>> huge_page_rows() noexcept;
[[nodiscard]] std::span<const Row<model::BlockIoStats>> block_io_rows() noexcept;

// Each container name.
[[nodiscard]] std::span<const Row<model::Lifecycle>> history_rows() noexcept;

// The machine.
[[nodiscard]] std::span<const Row<model::HostStats>> machine_rows() noexcept;
[[nodiscard]] std::span<const Row<model::FilesystemStats>> filesystem_rows() noexcept;

// Each Engine.
[[nodiscard]] std::span<const Row<model::EngineSnapshot>> engine_rows() noexcept;
[[nodiscard]] std::span<const Row<model::CallStats>> call_rows() noexcept;
[[nodiscard]] std::span<const Row<model::PoolStats>> pool_rows() noexcept;

// The daemon.
[[nodiscard]] std::span<const Row<SeriesLimit>> series_rows() noexcept;
[[nodiscard]] std::span<const Row<model::DurationHistogram>> latency_rows() noexcept;
[[nodiscard]] std::span<const Row<model::DurationHistogram>> request_duration_rows() noexcept;
[[nodiscard]] std::span<const Row<Logger>> log_rows() noexcept;
[[nodiscard]] std::span<const Row<ThreadGuard>> thread_rows() noexcept;
[[nodiscard]] std::span<const Row<ProcessStats>> process_rows() noexcept;

}  // namespace tidegauge::metrics
