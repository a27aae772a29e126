#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;

constexpr Row<SeriesLimit> series_metrics[] = {
    {{"tidegauge_series_dropped", gauge,
      "Series of containers left off this page, for metrics.max_series or "
      "metrics.max_page_bytes."},
     [](const SeriesLimit& limit, const Samples& out) { out.add(limit.dropped()); }},
    {{"tidegauge_labels_cut", gauge,
      "Labels of containers on this page that are cut, for metrics.max_label_length."},
     [](const SeriesLimit& limit, const Samples& out) { out.add(limit.cut_labels()); }},
};

constexpr Row<Logger> log_metrics[] = {
    {{"tidegauge_log_lines_total", counter, "Lines logged, by level.", "level"},
     [](const Logger& logger, const Samples& out) {
       for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
         out.add(logger.lines(level), {{"level", to_string(level)}});
       }
     }},
    {{"tidegauge_log_lines_dropped_total", counter,
      "Lines lost because the log took no more: nobody read it, or its disk was full."},
     [](const Logger& logger, const Samples& out) { out.add(logger.dropped()); }},
    {{"tidegauge_log_lines_suppressed_total", counter,
      "Lines left out because the same message was logged too often."},
     [](const Logger& logger, const Samples& out) { out.add(logger.suppressed()); }},
};

constexpr Row<ThreadGuard> thread_metrics[] = {
    {{"tidegauge_thread_failures_total", counter,
      "Work of a thread that failed unexpectedly, after which the thread goes on. A thread appears "
      "with its first failure.",
      "thread"},
     [](const ThreadGuard& threads, const Samples& out) {
       for (const auto& [thread, count] : threads.failures()) {
         out.add(count, {{"thread", thread}});
       }
     }},
};

// The names that all Prometheus client libraries use.
constexpr Row<ProcessStats> process_metrics[] = {
    {{"process_cpu_seconds_total", counter, "CPU time used by this daemon."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.cpu_seconds); }},
    {{"process_resident_memory_bytes", gauge, "Resident memory of this daemon."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.resident_bytes); }},
    {{"process_virtual_memory_bytes", gauge, "Virtual memory of this daemon."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.virtual_bytes); }},
    {{"process_open_fds", gauge, "File descriptors open."},
     [](const ProcessStats& process, const Samples& out) {
       if (process.open_fds) out.add(*process.open_fds);
     }},
    {{"process_max_fds", gauge, "Most file descriptors allowed."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.max_fds); }},
    {{"process_threads", gauge, "Threads of this daemon."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.threads); }},
    {{"process_start_time_seconds", gauge,
      "When this daemon was started, in seconds since the Unix epoch."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.start_time_seconds); }},
};

}  // namespace

std::span<const Row<SeriesLimit>> series_rows() noexcept {
  return series_metrics;
}
std::span<const Row<Logger>> log_rows() noexcept {
  return log_metrics;
}
std::span<const Row<ThreadGuard>> thread_rows() noexcept {
  return thread_metrics;
}
std::span<const Row<ProcessStats>> process_rows() noexcept {
  return process_metrics;
}

}  // namespace tidegauge::metrics
