#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;

constexpr Row<SeriesLimit> series_metrics[] = {
    {{"tidegauge_series_dropped", gauge,
      "Container series left off this page because of metrics.max_series or "
      "metrics.max_page_bytes."},
     [](const SeriesLimit& limit, const Samples& out) { out.add(limit.dropped()); }},
    {{"tidegauge_labels_cut", gauge,
      "Container label values on this page that are cut because of metrics.max_label_length."},
     [](const SeriesLimit& limit, const Samples& out) { out.add(limit.cut_labels()); }},
};

constexpr Row<model::DurationHistogram> latency_metrics[] = {
    {{"tidegauge_sample_latency_max_seconds", histogram,
      "Longest time of a cycle from when a sample was due to its answer.", "endpoint"},
     [](const model::DurationHistogram& latency, const Samples& out) { out.add(latency); }},
};

constexpr Row<model::DurationHistogram> request_duration_metrics[] = {
    {{"tidegauge_http_request_duration_seconds", histogram,
      "Time from a request to this daemon to the end of the answer, by path.", "path"},
     [](const model::DurationHistogram& duration, const Samples& out) { out.add(duration); }},
};

constexpr Row<Logger> log_metrics[] = {
    {{"tidegauge_log_lines_total", counter, "Log lines, by level.", "level"},
     [](const Logger& logger, const Samples& out) {
       for (const auto level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
         out.add(logger.lines(level), {{"level", to_string(level)}});
       }
     }},
    {{"tidegauge_log_lines_dropped_total", counter,
      "Log lines lost because they could not be written: nobody read the log, or its disk was "
      "full."},
     [](const Logger& logger, const Samples& out) { out.add(logger.dropped()); }},
    {{"tidegauge_log_lines_suppressed_total", counter,
      "Log lines suppressed because the same message was logged too often."},
     [](const Logger& logger, const Samples& out) { out.add(logger.suppressed()); }},
};

constexpr Row<ThreadGuard> thread_metrics[] = {
    {{"tidegauge_thread_failures_total", counter,
      "Unexpected failures of a thread, which continues afterwards. A thread appears with its "
      "first failure.",
      "thread"},
     [](const ThreadGuard& threads, const Samples& out) {
       for (const auto& [thread, count] : threads.failures()) {
         out.add(count, {{"thread", thread}});
       }
     }},
};

// All Prometheus client libraries use these names.
constexpr Row<ProcessStats> process_metrics[] = {
    {{"process_cpu_seconds_total", counter, "CPU time used by this daemon."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.cpu_seconds); }},
    {{"process_resident_memory_bytes", gauge, "Resident memory of this daemon."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.resident_bytes); }},
    {{"process_virtual_memory_bytes", gauge, "Virtual memory of this daemon."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.virtual_bytes); }},
    {{"process_open_fds", gauge, "Open file descriptors."},
     [](const ProcessStats& process, const Samples& out) {
       if (process.open_fds) out.add(*process.open_fds);
     }},
    {{"process_max_fds", gauge, "Limit of open file descriptors."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.max_fds); }},
    {{"process_threads", gauge, "Threads of this daemon."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.threads); }},
    {{"process_start_time_seconds", gauge,
      "Start time of this daemon, in seconds since the Unix epoch."},
     [](const ProcessStats& process, const Samples& out) { out.add(process.start_time_seconds); }},
};

}  // namespace

std::span<const Row<SeriesLimit>> series_rows() noexcept {
  return series_metrics;
}
std::span<const Row<model::DurationHistogram>> latency_rows() noexcept {
  return latency_metrics;
}
std::span<const Row<model::DurationHistogram>> request_duration_rows() noexcept {
  return request_duration_metrics;
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
