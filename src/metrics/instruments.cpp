#include "tidegauge/metrics/instruments.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <vector>

#include "metrics/subjects.h"

namespace tidegauge::metrics {
namespace {

template <class Builder>
auto& registered(Builder builder, const Family& family, prometheus::Registry& registry) {
  return builder.Name(std::string(family.name)).Help(std::string(family.help)).Register(registry);
}

const prometheus::Histogram::BucketBoundaries& cycle_bounds() {
  static const prometheus::Histogram::BucketBoundaries bounds(model::duration_bounds.begin(),
                                                              model::duration_bounds.end());
  return bounds;
}

/// The registry keeps series by their hash: put in order, a page is always the same.
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
  prometheus::Registry registry;
  prometheus::Family<prometheus::Histogram>& durations =
      registered(prometheus::BuildHistogram(), sample_latency_max, registry);
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
  impl_->durations.Add(labels, cycle_bounds()).Observe(report.duration.count());
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
  for (const auto& row : log_rows()) render_row(text, row, {{&impl_->logger, {}}});
  for (const auto& row : thread_rows()) render_row(text, row, {{&impl_->threads, {}}});
  if (!impl_->options.process) return text;
  if (const auto process = read_process_stats()) {
    for (const auto& row : process_rows()) render_row(text, row, {{&*process, {}}});
  }
  return text;
}

}  // namespace tidegauge::metrics
