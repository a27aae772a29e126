#pragma once

// The table of metrics: one row each, with its name, type, help, and the function that takes its
// values from what it is about. A new metric is a new row; `page.cpp` renders the rows and
// `reference.cpp` prints them. Names, labels and units are cAdvisor's where it has the metric.
// Immutable, hence thread-safe.

#include <span>

#include "metrics/process_stats.h"
#include "metrics/text_format.h"
#include "tidegauge/metrics/series_limit.h"
#include "tidegauge/model/call_stats.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::metrics {

/// Source is what the metric is about; the labels that name it come from the caller.
template <class Source>
struct Row {
  Family family;
  void (*write)(const Source& source, const Samples& out);
};

// Of each container.
[[nodiscard]] std::span<const Row<model::Container>> info_rows() noexcept;  ///< with all its labels
[[nodiscard]] std::span<const Row<model::ContainerRecord>> sample_rows() noexcept;
[[nodiscard]] std::span<const Row<model::ContainerRecord>> lifecycle_rows() noexcept;
[[nodiscard]] std::span<const Row<model::Container>> health_rows() noexcept;  ///< with processes
[[nodiscard]] std::span<const Row<model::Container>> limit_rows() noexcept;   ///< with processes
[[nodiscard]] std::span<const Row<model::CpuStats>> cpu_rows() noexcept;
[[nodiscard]] std::span<const Row<model::MemoryStats>> memory_rows() noexcept;
[[nodiscard]] std::span<const Row<model::PressureStats>> pressure_rows() noexcept;
[[nodiscard]] std::span<const Row<model::TaskStats>> task_rows() noexcept;
[[nodiscard]] std::span<const Row<model::NetworkStats>> network_rows() noexcept;
[[nodiscard]] std::span<const Row<model::ConnectionStats>> connection_rows() noexcept;
[[nodiscard]] std::span<const Row<model::ContainerStats>> tcp_statistics_rows() noexcept;
[[nodiscard]] std::span<const Row<model::ContainerStats>> huge_page_rows() noexcept;
[[nodiscard]] std::span<const Row<model::BlockIoStats>> block_io_rows() noexcept;

// Of each name that a container has or had.
[[nodiscard]] std::span<const Row<model::Lifecycle>> history_rows() noexcept;

// Of the machine.
[[nodiscard]] std::span<const Row<model::HostStats>> machine_rows() noexcept;
[[nodiscard]] std::span<const Row<model::FilesystemStats>> filesystem_rows() noexcept;

// Of each Engine.
[[nodiscard]] std::span<const Row<model::EngineSnapshot>> engine_rows() noexcept;
[[nodiscard]] std::span<const Row<model::CallStats>> call_rows() noexcept;
[[nodiscard]] std::span<const Row<model::PoolStats>> pool_rows() noexcept;

// Of the daemon.
[[nodiscard]] std::span<const Row<SeriesLimit>> series_rows() noexcept;
[[nodiscard]] std::span<const Row<Logger>> log_rows() noexcept;
[[nodiscard]] std::span<const Row<ThreadGuard>> thread_rows() noexcept;
[[nodiscard]] std::span<const Row<ProcessStats>> process_rows() noexcept;

/// Those that prometheus-cpp keeps (`instruments.cpp`): counted in place, so without a function.
inline constexpr Family build_info{"tidegauge_build_info", MetricType::gauge,
                                   "The version of this daemon; always 1.", "version"};
inline constexpr Family sample_latency_max{
    "tidegauge_sample_latency_max_seconds", MetricType::histogram,
    "Longest time of a cycle from when a sample was due to its answer.", "endpoint"};
inline constexpr Family cycle_errors{"tidegauge_cycle_errors_total", MetricType::counter,
                                     "Failed calls of the monitoring cycles, by step.",
                                     "endpoint, step"};

}  // namespace tidegauge::metrics
