#include "tidegauge/metrics/instruments.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "metrics/subjects.h"
#include "tidegauge/model/histogram.h"
#include "tidegauge/util/guarded.h"

namespace tidegauge::metrics {
namespace {

template <class Builder>
auto& registered(Builder builder, const Family& family, prometheus::Registry& registry) {
  return builder.Name(std::string(family.name)).Help(std::string(family.help)).Register(registry);
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

}  // namespace

struct Instruments::Impl {
  Impl(const Logger& daemon_logger, const ThreadGuard& daemon_threads,
       InstrumentOptions daemon_options)
      : logger(daemon_logger), threads(daemon_threads), options(daemon_options) {}

  [[nodiscard]] prometheus::Labels labels_of(const model::CycleReport& report) const {
    if (!options.many_engines) return {};
    return {{"endpoint", report.endpoint}};
  }

  const Logger& logger;
  const ThreadGuard& threads;
  InstrumentOptions options;
  /// By endpoint; the longest latency of each cycle.
  Guarded<std::map<std::string, model::DurationHistogram>> latencies;
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& errors =
      registered(prometheus::BuildCounter(), cycle_errors, registry);
};

Instruments::Instruments(const Logger& logger, const ThreadGuard& threads,
                         InstrumentOptions options)
    : impl_(std::make_unique<Impl>(logger, threads, options)) {
  registered(prometheus::BuildGauge(), build_info, impl_->registry)
      .Add({{"version", TIDEGAUGE_VERSION}})
      .Set(1);
}

Instruments::~Instruments() = default;

void Instruments::record_cycle(const model::CycleReport& report) {
  auto labels = impl_->labels_of(report);
  impl_->latencies.with(
      [&](auto& latencies) { latencies[report.endpoint].observe(report.duration.count()); });
  const auto count_errors = [&](const char* step, std::uint64_t errors) {
    labels["step"] = step;
    impl_->errors.Add(labels).Increment(static_cast<double>(errors));
  };
  count_errors("list", report.list_errors);
  count_errors("inspect", report.inspect_errors);
  count_errors("stats", report.stats_errors);
}

std::string Instruments::render() const {
  auto text = prometheus::TextSerializer().Serialize(sorted_families(impl_->registry));
  render_latencies(text, impl_->latencies.with([](const auto& latencies) { return latencies; }));
  for (const auto& row : log_rows()) render_row(text, row, {{&impl_->logger, {}}});
  for (const auto& row : thread_rows()) render_row(text, row, {{&impl_->threads, {}}});
  if (!impl_->options.process) return text;
  if (const auto process = read_process_stats()) {
    for (const auto& row : process_rows()) render_row(text, row, {{&*process, {}}});
  }
  return text;
}

void Instruments::render_latencies(
    std::string& text, const std::map<std::string, model::DurationHistogram>& latencies) const {
  LabelSets label_sets;
  std::vector<Subject<model::DurationHistogram>> subjects;
  for (const auto& [endpoint, latency] : latencies) {
    std::string labels;
    if (impl_->options.many_engines) append_label(labels, "endpoint", endpoint);
    subjects.push_back({&latency, label_sets.keep(std::move(labels))});
  }
  for (const auto& row : latency_rows()) render_row(text, row, subjects);
}

}  // namespace tidegauge::metrics
