#include "tidegauge/metrics/page.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>

#include "metrics/container_subjects.h"
#include "metrics/protobuf_format.h"
#include "metrics/text_format.h"
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

EngineSubjects collect_engines(const PageInput& input, const PageOptions& options,
                               WallTime started_at) {
  EngineSubjects subjects;
  const auto select = [&](EngineScope scope) {
    scope.since = started_at;
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

std::unique_ptr<FamilyWriter> make_writer(PageRequest request) {
  switch (request.format) {
    case Format::text:
      break;
    case Format::openmetrics:
      return std::make_unique<TextWriter>(TextDialect::openmetrics, std::move(request.names));
    case Format::protobuf:
      return std::make_unique<ProtobufWriter>(std::move(request.names));
  }
  return std::make_unique<TextWriter>(TextDialect::prometheus, std::move(request.names));
}

}  // namespace

/// `parts` refer to the members above them.
struct Page::Impl {
  Impl(PageInput page_input, const PageOptions& options, const Instruments& instruments,
       SeriesLimit& limit, PageRequest request)
      : input(std::move(page_input)),
        containers(collect_containers(input, options, limit, instruments.started_at())),
        engines(collect_engines(input, options, instruments.started_at())),
        limits{{&limit, {}}},
        has_lines(request.format != Format::protobuf),
        container_order(request.for_small_window && has_lines ? Rotation::on : Rotation::off),
        writer(make_writer(std::move(request))) {
    containers.groups.for_each([&](const auto& group, const auto& subjects) {
      add(group.rows(), subjects, container_order);
    });
    engines.groups.for_each(
        [&](const auto& group, const auto& subjects) { add(group.rows(), subjects, other_order); });
    add(series_rows(), limits, other_order);
    parts.emplace_back([this, &instruments](Progress&) {
      instruments.write(*writer);
      writer->finish();
      return true;
    });
  }

  template <class Source>
  void add(std::span<const Row<Source>> rows, const std::vector<Subject<Source>>& subjects,
           SubjectOrder& order) {
    for (const auto& row : rows) {
      if (!writer->has(row.family)) continue;
      parts.emplace_back([this, &row, &subjects, &order](Progress& so_far) {
        return render_row(*writer, piece_bytes, so_far, row, subjects, order);
      });
    }
  }

  const PageInput input;
  ContainerSubjects containers;
  EngineSubjects engines;
  std::vector<Subject<SeriesLimit>> limits;
  const bool has_lines;
  SubjectOrder container_order;
  SubjectOrder other_order{Rotation::off};
  std::unique_ptr<FamilyWriter> writer;
  /// One per family, in order. Each writes until the piece is full, and returns true at its end.
  std::vector<std::function<bool(Progress&)>> parts;
  std::size_t part = 0;
  Progress progress;         ///< of the current part
  std::size_t returned = 0;  ///< of what the writer has
};

Page::Page(PageInput input, const PageOptions& options, const Instruments& instruments,
           SeriesLimit& limit, PageRequest request)
    : impl_(std::make_unique<Impl>(std::move(input), options, instruments, limit,
                                   std::move(request))) {}

Page::~Page() = default;

std::string_view Page::next() {
  constexpr std::size_t kept_capacity = 2 * piece_bytes;
  auto& page = *impl_;
  auto& writer = *page.writer;
  if (page.returned == writer.out().size()) {
    writer.clear(kept_capacity);
    page.returned = 0;
    while (page.part < page.parts.size() && writer.out().size() < piece_bytes) {
      if (!page.parts[page.part](page.progress)) continue;
      ++page.part;
      page.progress = {};
    }
  }
  const auto rest = std::string_view(writer.out()).substr(page.returned);
  const auto piece = page.has_lines ? rest : rest.substr(0, piece_bytes);
  page.returned += piece.size();
  return piece;
}

}  // namespace tidegauge::metrics
