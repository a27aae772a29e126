#include "tidegauge/metrics/page.h"

#include <cstddef>
#include <functional>
#include <span>
#include <utility>

#include "metrics/container_subjects.h"
#include "tidegauge/metrics/instruments.h"

namespace tidegauge::metrics {
namespace {

/// What a client takes at once, and malloc keeps for the next page.
constexpr std::size_t piece_bytes = std::size_t{32} * 1024;

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
    parts.emplace_back([&instruments](std::string& out, Progress&) {
      out += instruments.render();
      return true;
    });
    piece.reserve(piece_bytes + piece_bytes / 2);
  }

  template <class Source>
  void add(std::span<const Row<Source>> rows, const std::vector<Subject<Source>>& subjects) {
    for (const auto& row : rows) {
      parts.emplace_back([&row, &subjects](std::string& out, Progress& so_far) {
        return render_row(out, piece_bytes, so_far, row, subjects);
      });
    }
  }

  const PageInput input;
  LabelSets label_sets;
  ContainerSubjects containers;
  std::vector<Subject<model::EngineSnapshot>> engines;
  std::vector<Subject<model::CallStats>> calls;
  std::vector<Subject<model::PoolStats>> pools;
  std::vector<Subject<SeriesLimit>> limits;
  /// Each goes on with what is its own until there is enough, and says whether it is done.
  std::vector<std::function<bool(std::string&, Progress&)>> parts;
  std::size_t part = 0;
  Progress progress;  ///< of that
  std::string piece;
};

Page::Page(PageInput input, const PageOptions& options, const Instruments& instruments,
           SeriesLimit& limit)
    : impl_(std::make_unique<Impl>(std::move(input), options, instruments, limit)) {}

Page::~Page() = default;

std::string_view Page::next() {
  auto& page = *impl_;
  page.piece.clear();
  while (page.part < page.parts.size() && page.piece.size() < piece_bytes) {
    if (!page.parts[page.part](page.piece, page.progress)) continue;
    ++page.part;
    page.progress = {};
  }
  return page.piece;
}

}  // namespace tidegauge::metrics
