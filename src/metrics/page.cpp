#include "tidegauge/metrics/page.h"

#include <cstddef>
#include <functional>
#include <span>
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

}  // namespace

/// The parts refer to what stands above them.
struct Page::Impl {
  Impl(PageInput page_input, const PageOptions& options, const Instruments& instruments,
       SeriesLimit& limit)
      : input(std::move(page_input)),
        containers(collect_containers(input, options, limit)),
        engines(collect_engines(input, label_sets)),
        calls(collect_calls(input, label_sets)),
        pools(collect_pools(input, label_sets)),
        limits{{&limit, {}}} {
    containers.for_each_group(options,
                              [&](const auto& rows, const auto& subjects) { add(rows, subjects); });
    add(engine_rows(), engines);
    if (options.shows(config::MetricGroup::calls)) add(call_rows(), calls);
    if (options.shows(config::MetricGroup::pool)) add(pool_rows(), pools);
    add(series_rows(), limits);
    parts.emplace_back([&instruments](std::string& out) { out += instruments.render(); });
  }

  template <class Source>
  void add(std::span<const Row<Source>> rows, const std::vector<Subject<Source>>& subjects) {
    for (const auto& row : rows) {
      parts.emplace_back([&row, &subjects](std::string& out) { render_row(out, row, subjects); });
    }
  }

  const PageInput input;
  LabelSets label_sets;
  ContainerSubjects containers;
  std::vector<Subject<model::EngineSnapshot>> engines;
  std::vector<Subject<model::CallStats>> calls;
  std::vector<Subject<model::PoolStats>> pools;
  std::vector<Subject<SeriesLimit>> limits;
  std::vector<std::function<void(std::string&)>> parts;  ///< a family each, but the last
  std::size_t written = 0;                               ///< of them
  std::string piece;
};

Page::Page(PageInput input, const PageOptions& options, const Instruments& instruments,
           SeriesLimit& limit)
    : impl_(std::make_unique<Impl>(std::move(input), options, instruments, limit)) {}

Page::~Page() = default;

std::string_view Page::next() {
  constexpr std::size_t enough = std::size_t{32} * 1024;
  auto& page = *impl_;
  page.piece.clear();
  while (page.written < page.parts.size() && page.piece.size() < enough) {
    page.parts[page.written++](page.piece);
  }
  return page.piece;
}

}  // namespace tidegauge::metrics
