#include "tidegauge/metrics/instruments.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/instrument_families.h"
#include "metrics/subjects.h"
#include "tidegauge/model/histogram.h"
#include "tidegauge/util/guarded.h"

namespace tidegauge::metrics {
namespace {

using Counters = prometheus::Family<prometheus::Counter>;
using Histograms = std::map<std::string, model::DurationHistogram, std::less<>>;

/// Of a cycle, with errors of each.
constexpr std::array cycle_steps{"list", "inspect", "stats"};

template <class Builder>
auto& registered(Builder builder, const Family& family, prometheus::Registry& registry) {
  return builder.Name(std::string(family.name)).Help(std::string(family.help)).Register(registry);
}

Counters& counters(const Family& family, prometheus::Registry& registry) {
  return registered(prometheus::BuildCounter(), family, registry);
}

/// With a series for each reason from the start, so that the first event is an increase.
Counters& counters_by_reason(const Family& family, std::span<const std::string_view> reasons,
                             prometheus::Registry& registry) {
  auto& family_counters = counters(family, registry);
  for (const auto reason : reasons) family_counters.Add({{"reason", std::string(reason)}});
  return family_counters;
}

void count_reason(Counters& family, std::span<const std::string_view> reasons,
                  std::string_view reason) {
  const bool is_known = std::ranges::find(reasons, reason) != reasons.end();
  family.Add({{"reason", std::string(is_known ? reason : "other")}}).Increment();
}

prometheus::Gauge& gauge(const Family& family, prometheus::Registry& registry) {
  return registered(prometheus::BuildGauge(), family, registry).Add({});
}

void observe(Histograms& histograms, std::string_view key, double seconds) {
  auto found = histograms.find(key);
  if (found == histograms.end()) found = histograms.try_emplace(std::string(key)).first;
  found->second.observe(seconds);
}

/// The registry orders series by their hash; sorted, equal input gives an equal page.
std::vector<prometheus::MetricFamily> sorted_families(const prometheus::Registry& registry) {
  auto families = registry.Collect();
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  for (auto& family : families) {
    std::ranges::sort(family.metric, {}, &prometheus::ClientMetric::label);
  }
  return families;
}

/// Writes what prometheus-cpp holds: counters and gauges.
void write_registry(FamilyWriter& writer, const prometheus::Registry& registry,
                    WallTime started_at) {
  for (const auto& collected : sorted_families(registry)) {
    const bool is_counter = collected.type == prometheus::MetricType::Counter;
    const Family family{collected.name, is_counter ? MetricType::counter : MetricType::gauge,
                        collected.help};
    if (!writer.has(family)) continue;
    writer.begin(family);
    for (const auto& metric : collected.metric) {
      std::string labels;
      for (const auto& label : metric.label) append_label(labels, label.name, label.value);
      writer.sample({writer.keep(std::move(labels)), {}, started_at},
                    is_counter ? metric.counter.value : metric.gauge.value);
    }
    writer.end();
  }
}

using CycleErrors = std::array<prometheus::Counter*, cycle_steps.size()>;

/// What the cycles of the monitors have reported, by endpoint.
struct Cycles {
  bool many_engines = false;  ///< label them by endpoint
  Histograms latencies;       ///< the longest latency of each cycle
  std::map<std::string, CycleErrors> errors;
};

}  // namespace

struct Instruments::Impl {
  Impl(const Logger& daemon_logger, const ThreadGuard& daemon_threads,
       InstrumentOptions daemon_options)
      : logger(daemon_logger), threads(daemon_threads), options(daemon_options) {}

  /// The counters of an endpoint, made when there are none.
  CycleErrors& errors_of(const std::string& endpoint, Cycles& reported) {
    const auto [found, is_new] = reported.errors.try_emplace(endpoint);
    if (is_new) found->second = make_errors(endpoint, reported.many_engines);
    return found->second;
  }
  CycleErrors make_errors(const std::string& endpoint, bool with_label) {
    prometheus::Labels labels;
    if (with_label) labels["endpoint"] = endpoint;
    CycleErrors made{};
    for (std::size_t i = 0; i < cycle_steps.size(); ++i) {
      labels["step"] = cycle_steps[i];
      made[i] = &errors.Add(labels);
    }
    return made;
  }

  template <class Source>
  [[nodiscard]] Subject<Source> subject(const Source& source, std::string_view labels = {}) const {
    return {.source = &source, .labels = labels, .since = options.started_at};
  }

  /// `label` has the key of each histogram; an empty label is left off.
  void write_histograms(FamilyWriter& writer, std::span<const Row<model::DurationHistogram>> rows,
                        const Histograms& histograms, std::string_view label) const {
    std::vector<Subject<model::DurationHistogram>> subjects;
    for (const auto& [key, histogram] : histograms) {
      std::string labels;
      if (!label.empty()) append_label(labels, label, key);
      subjects.push_back(subject(histogram, writer.keep(std::move(labels))));
    }
    for (const auto& row : rows) render_row(writer, row, subjects);
  }

  const Logger& logger;
  const ThreadGuard& threads;
  const InstrumentOptions options;
  std::atomic<bool> shows_process = options.process;
  Guarded<Cycles> cycles{Cycles{.many_engines = options.many_engines}};
  Guarded<Histograms> durations;  ///< of requests, by path
  prometheus::Registry registry;
  Counters& errors = counters(instrument::cycle_errors, registry);
  Counters& requests = counters(instrument::requests, registry);
  Counters& response_bytes = counters(instrument::response_bytes, registry);
  prometheus::Gauge& in_flight = gauge(instrument::requests_in_flight, registry);
  prometheus::Gauge& connections = gauge(instrument::connections, registry);
  Counters& closed_connections =
      counters_by_reason(instrument::closed_connections, instrument::close_reasons, registry);
  Counters& authentication_failures = counters_by_reason(
      instrument::authentication_failures, instrument::authentication_failure_reasons, registry);
  prometheus::Counter& rate_limited = counters(instrument::rate_limited_requests, registry).Add({});
  prometheus::Gauge& history_bytes = gauge(instrument::history_bytes, registry);
  prometheus::Gauge& reload_successful = gauge(instrument::last_reload_successful, registry);
  prometheus::Gauge& reload_success = gauge(instrument::last_reload_success, registry);
  prometheus::Gauge& web_config_valid = gauge(instrument::web_config_valid, registry);
};

Instruments::Instruments(const Logger& logger, const ThreadGuard& threads,
                         InstrumentOptions options)
    : impl_(std::make_unique<Impl>(logger, threads, options)) {
  registered(prometheus::BuildGauge(), instrument::build_info, impl_->registry)
      .Add({{"version", TIDEGAUGE_VERSION}})
      .Set(1);
  record_reload(ReloadOutcome::succeeded, options.started_at);
  record_web_config(WebConfigState::current);
}

Instruments::~Instruments() = default;

void Instruments::record_cycle(const model::CycleReport& report) {
  const std::array counts{report.list_errors, report.inspect_errors, report.stats_errors};
  impl_->cycles.with([&](Cycles& cycles) {
    observe(cycles.latencies, report.endpoint, report.duration.count());
    const auto& errors = impl_->errors_of(report.endpoint, cycles);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      errors[i]->Increment(static_cast<double>(counts[i]));
    }
  });
}

void Instruments::reconfigure(ProcessMetrics process, const std::vector<std::string>& endpoints) {
  impl_->shows_process = process == ProcessMetrics::shown;
  const auto is_gone = [&](const auto& of_endpoint) {
    return std::ranges::find(endpoints, of_endpoint.first) == endpoints.end();
  };
  impl_->cycles.with([&](Cycles& cycles) {
    std::erase_if(cycles.latencies, is_gone);
    const bool many = endpoints.size() > 1;
    const bool other_labels = std::exchange(cycles.many_engines, many) != many;
    for (auto known = cycles.errors.begin(); known != cycles.errors.end();) {
      auto& [endpoint, errors] = *known;
      const bool gone = is_gone(*known);
      if (!gone && !other_labels) {
        ++known;
        continue;
      }
      std::array<double, cycle_steps.size()> values{};
      std::ranges::transform(errors, values.begin(), &prometheus::Counter::Value);
      for (auto* const counter : errors) impl_->errors.Remove(counter);
      if (gone) {
        known = cycles.errors.erase(known);
        continue;
      }
      errors = impl_->make_errors(endpoint, many);
      for (std::size_t i = 0; i < values.size(); ++i) errors[i]->Increment(values[i]);
      ++known;
    }
  });
}

void Instruments::record_request(const ServedRequest& request) {
  impl_->requests
      .Add({{"path", std::string(request.path)}, {"code", std::to_string(request.status)}})
      .Increment();
  impl_->response_bytes.Add({{"encoding", std::string(request.encoding)}})
      .Increment(static_cast<double>(request.bytes));
  impl_->durations.with(
      [&](auto& durations) { observe(durations, request.path, request.seconds); });
}

void Instruments::record_web_load(std::size_t connections, std::size_t requests_in_flight) {
  impl_->connections.Set(static_cast<double>(connections));
  impl_->in_flight.Set(static_cast<double>(requests_in_flight));
}

void Instruments::record_history(std::size_t bytes) {
  impl_->history_bytes.Set(static_cast<double>(bytes));
}

void Instruments::record_closed_connection(std::string_view reason) {
  count_reason(impl_->closed_connections, instrument::close_reasons, reason);
}

void Instruments::record_authentication_failure(std::string_view reason) {
  count_reason(impl_->authentication_failures, instrument::authentication_failure_reasons, reason);
}

void Instruments::record_rate_limited_request() {
  impl_->rate_limited.Increment();
}

void Instruments::record_reload(ReloadOutcome outcome, WallTime now) {
  const bool has_succeeded = outcome == ReloadOutcome::succeeded;
  impl_->reload_successful.Set(has_succeeded ? 1 : 0);
  if (has_succeeded) impl_->reload_success.Set(to_unix_seconds(now));
}

void Instruments::record_web_config(WebConfigState state) {
  impl_->web_config_valid.Set(state == WebConfigState::current ? 1 : 0);
}

void Instruments::write(FamilyWriter& writer) const {
  const auto& all = *impl_;
  const auto copy = [](const auto& histograms) { return histograms; };
  write_registry(writer, all.registry, all.options.started_at);
  const auto [latencies, many_engines] = all.cycles.with(
      [](const Cycles& cycles) { return std::pair(cycles.latencies, cycles.many_engines); });
  all.write_histograms(writer, latency_rows(), latencies, many_engines ? "endpoint" : "");
  all.write_histograms(writer, request_duration_rows(), all.durations.with(copy), "path");
  for (const auto& row : log_rows()) render_row(writer, row, {all.subject(all.logger)});
  for (const auto& row : thread_rows()) render_row(writer, row, {all.subject(all.threads)});
  if (!all.shows_process) return;
  if (const auto process = read_process_stats()) {
    for (const auto& row : process_rows()) render_row(writer, row, {all.subject(*process)});
  }
}

WallTime Instruments::started_at() const noexcept {
  return impl_->options.started_at;
}

}  // namespace tidegauge::metrics
