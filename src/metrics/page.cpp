#include "tidegauge/metrics/page.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "metrics/container_subjects.h"
#include "tidegauge/metrics/instruments.h"

namespace tidegauge::metrics {
namespace {

std::vector<Subject<model::EngineSnapshot>> collect_engines(const PageInput& input,
                                                            LabelSets& label_sets) {
  std::vector<Subject<model::EngineSnapshot>> engines;
  for (const auto& engine : input.engines) {
    engines.push_back({engine.get(), label_sets.keep(endpoint_label(input, engine->endpoint))});
  }
  return engines;
}

std::vector<Subject<model::CallStats>> collect_calls(const PageInput& input,
                                                     LabelSets& label_sets) {
  std::vector<Subject<model::CallStats>> calls;
  for (const auto& client : input.clients) {
    for (const auto call : model::all_calls) {
      auto labels = endpoint_label(input, client.endpoint);
      append_label(labels, "call", to_string(call));
      calls.push_back(
          {&client.calls[static_cast<std::size_t>(call)], label_sets.keep(std::move(labels))});
    }
  }
  return calls;
}

std::vector<Subject<model::PoolStats>> collect_pools(const PageInput& input,
                                                     LabelSets& label_sets) {
  std::vector<Subject<model::PoolStats>> pools;
  for (const auto& pool : input.pools) {
    std::string labels;
    append_label(labels, "pool", pool.pool);
    pools.push_back({&pool, label_sets.keep(std::move(labels))});
  }
  return pools;
}

/// Enough for a page of these containers, so that it is not copied again and again as it grows.
/// What is reserved and not written costs no memory.
std::size_t expected_bytes(const ContainerSubjects& containers) {
  constexpr std::size_t samples_of_container = 70;
  constexpr std::size_t name_and_value = 80;
  std::size_t bytes = std::size_t{64} * 1024;
  for (const auto& container : containers.all) {
    bytes += samples_of_container * (container.labels.size() + name_and_value);
  }
  return bytes;
}

}  // namespace

std::string render_page(const PageInput& input, const PageOptions& options,
                        const Instruments& instruments, SeriesLimit& limit) {
  auto containers = collect_containers(input, options, limit);
  LabelSets label_sets;
  TextWriter writer(expected_bytes(containers));
  containers.for_each_group(options, [&](const auto& rows, const auto& subjects) {
    render_rows(writer, rows, subjects);
  });
  render_rows(writer, engine_rows(), collect_engines(input, label_sets));
  if (options.shows(config::MetricGroup::calls)) {
    render_rows(writer, call_rows(), collect_calls(input, label_sets));
  }
  if (options.shows(config::MetricGroup::pool)) {
    render_rows(writer, pool_rows(), collect_pools(input, label_sets));
  }
  render_rows(writer, series_rows(), {{&limit, {}}});
  return std::move(writer).take() + instruments.render();
}

}  // namespace tidegauge::metrics
