#include "tidegauge/metrics/page.h"

#include <cstddef>
#include <functional>
#include <span>
#include <utility>

#include "metrics/container_subjects.h"
#include "tidegauge/metrics/instruments.h"

namespace tidegauge::metrics {
namespace {

/// A client takes as much at once, and malloc keeps a block of that size for the next page.
constexpr std::size_t piece_bytes = std::size_t{32} * 1024;

/// The Engines of a page, their clients and their pools, with their labels.
struct EngineSubjects {
  decltype(SubjectsOf(engine_groups)) groups{engine_groups};
  LabelSets label_sets;
};

EngineSubjects collect_engines(const PageInput& input, const PageOptions& options) {
  EngineSubjects subjects;
  const auto select = [&](const EngineScope& scope) {
    subjects.groups.select(scope, 0, subjects.label_sets, [&](const auto& group) {
      return !group.name || options.shows(*group.name);
    });
  };
  const auto labels = [&](std::string_view endpoint) {
    return subjects.label_sets.keep(endpoint_label(input, endpoint));
  };
  for (const auto& engine : input.engines) {
    select({.labels = labels(engine->endpoint), .engine = engine.get()});
  }
  for (const auto& client : input.clients) {
    select({.labels = labels(client.endpoint), .client = &client});
  }
  for (const auto& pool : input.pools) select({.pool = &pool});
  return subjects;
}

}  // namespace

/// `parts` refer to the members above them.
struct Page::Impl {
  Impl(PageInput page_input, const PageOptions& options, const Instruments& instruments,
       SeriesLimit& limit)
      : input(std::move(page_input)),
        containers(collect_containers(input, options, limit)),
        engines(collect_engines(input, options)),
        limits{{&limit, {}}} {
    const auto add_group = [&](const auto& group, const auto& subjects) {
      add(group.rows(), subjects);
    };
    containers.groups.for_each(add_group);
    engines.groups.for_each(add_group);
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
  ContainerSubjects containers;
  EngineSubjects engines;
  std::vector<Subject<SeriesLimit>> limits;
  /// One per family, in order. Each writes until the piece is full, and returns true at its end.
  std::vector<std::function<bool(std::string&, Progress&)>> parts;
  std::size_t part = 0;
  Progress progress;  ///< of the current part
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
