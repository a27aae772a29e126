#include "metrics/container_subjects.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/container_labels.h"

namespace tidegauge::metrics {
namespace {

using config::SeriesLabels;
using model::ContainerRecord;

struct Shown {
  const ContainerRecord* record;
  bool is_ghost;
};

/// A start of counts. The clock of another machine may be ahead: a start later than the sample is
/// no start.
std::optional<WallTime> not_later(std::optional<WallTime> since, WallTime sampled_at) {
  return since && *since <= sampled_at ? since : std::nullopt;
}

/// All containers and ghosts. If the name is their only label, two of them must not have the same:
/// a container may have the name of another one whose removal or renaming is not known yet. Then
/// only the younger is shown.
std::vector<Shown> shown(const model::EngineSnapshot& engine, SeriesLabels labels) {
  std::vector<Shown> all;
  for (const auto& record : engine.containers) all.push_back({&record, false});
  for (const auto& ghost : engine.ghosts) all.push_back({&ghost, true});
  if (labels == SeriesLabels::cadvisor) return all;
  std::map<std::string_view, const ContainerRecord*> by_name;
  for (const auto& [record, is_ghost] : all) {
    auto& youngest = by_name.try_emplace(record->container->name, record).first->second;
    if (record->container->created_at > youngest->container->created_at) youngest = record;
  }
  std::erase_if(
      all, [&](const Shown& one) { return by_name.at(one.record->container->name) != one.record; });
  return all;
}

/// Collects all subjects first, then removes those that do not fit within the limit.
class Collector {
 public:
  Collector(const PageInput& input, const PageOptions& options, WallTime started_at)
      : input_(input), options_(options), started_at_(started_at), labels_(options) {}

  ContainerSubjects collect(SeriesLimit& limit) {
    reserve();
    for (const auto& engine : input_.engines) add_engine(*engine);
    count_series(limit.share());
    limit.report_cut_labels(labels_.cut(), labels_.first_cut());
    const auto chosen = limit.choose(candidates_, size_of_events());
    if (std::ranges::find(chosen, false) != chosen.end()) {
      subjects_.groups.for_each([&](const auto& /*group*/, auto& subjects) {
        std::erase_if(subjects, [&](const auto& subject) { return !chosen[subject.owner]; });
      });
    }
    return std::move(subjects_);
  }

 private:
  using Owners = std::map<std::string_view, std::uint32_t>;  ///< indices of candidates, by name

  /// For what a container has once. What is reserved and not used is no memory yet.
  void reserve() {
    std::size_t count = 0;
    for (const auto& engine : input_.engines) {
      count += engine->containers.size() + engine->ghosts.size() + 1;
    }
    candidates_.reserve(count);
    subjects_.groups.reserve(count, [this](const auto& group) { return is_shown(group); });
  }

  void add_engine(const model::EngineSnapshot& engine) {
    const auto endpoint_labels = keep(endpoint_label(input_, engine.endpoint));
    if (engine.host && options_.shows(config::MetricGroup::machine)) {
      add_machine(*engine.host, engine, endpoint_labels);
    }
    Owners owners;
    for (const auto& [record, is_ghost] : shown(engine, options_.labels)) {
      const auto& container = *record->container;
      const auto owner = add_candidate({.key = engine.endpoint + "/" + container.id,
                                        .name = container.name,
                                        .gone = is_ghost,
                                        .since = container.created_at.value_or(WallTime::max())});
      owners[container.name] = owner;
      add_container(*record, engine, endpoint_labels, owner);
    }
    for (const auto& [name, lifecycle] : engine.lifecycles) {
      add_history(lifecycle, name, engine.endpoint, endpoint_labels, owners);
    }
  }

  /// The machine is the container with the id "/", as in cAdvisor.
  void add_machine(const model::HostStats& host, const model::EngineSnapshot& engine,
                   std::string_view endpoint_labels) {
    const auto owner = add_candidate(
        {.key = engine.endpoint + "/", .name = "/", .gone = false, .since = WallTime::min()});
    std::string labels(endpoint_labels);
    append_label(labels, "id", "/");
    model::Container container;
    container.started_at = host.booted_at;
    container.limits.memory_bytes = host.memory_bytes;
    container.limits.memory_swap_bytes = host.swap_bytes;
    const auto& record = subjects_.machines.emplace_back(ContainerRecord{
        .container = std::make_shared<model::Container>(container), .last_seen = engine.taken_at});
    select({.endpoint_labels = endpoint_labels,
            .labels = keep(labels),
            .record = &record,
            .stats = &host.use,
            .filesystems = host.filesystems,
            .machine = &host,
            .since = not_later(host.booted_at, engine.taken_at)},
           owner);
  }

  void add_container(const ContainerRecord& record, const model::EngineSnapshot& engine,
                     std::string_view endpoint_labels, std::uint32_t owner) {
    const auto& container = *record.container;
    const auto all_labels = keep(labels_.all_labels(record, endpoint_labels));
    const auto labels = options_.labels == SeriesLabels::cadvisor
                            ? all_labels
                            : keep(labels_.name_only(container.name, endpoint_labels));
    ContainerScope scope{
        .endpoint_labels = endpoint_labels,
        .labels = labels,
        .all_labels = all_labels,
        .record = &record,
        .stats = record.stats.get(),
        .since = not_later(container.started_at, engine.taken_at),
        .watched_since = not_later(
            std::max(started_at_, container.created_at.value_or(started_at_)), engine.taken_at)};
    if (record.layer) {
      scope.filesystems = {&layer_as_filesystem(*record.layer, engine.host.get()), 1};
    }
    select(scope, owner);
  }

  /// Size and inodes are those of the file system with the Engine's data, if that is known.
  const model::FilesystemStats& layer_as_filesystem(const model::WritableLayer& layer,
                                                    const model::HostStats* host) {
    auto& filesystem = subjects_.layers.emplace_back();
    if (host != nullptr) {
      const auto with_data = std::ranges::find(host->filesystems, host->engine_device,
                                               &model::FilesystemStats::device);
      if (with_data != host->filesystems.end()) filesystem = *with_data;
    }
    filesystem.usage_bytes = layer.bytes;
    filesystem.measured_at = layer.measured_at;
    return filesystem;
  }

  /// The history belongs to the container of that name, or to nobody if the container is gone.
  void add_history(const model::Lifecycle& lifecycle, const std::string& name,
                   const std::string& endpoint, std::string_view endpoint_labels, Owners& owners) {
    const auto [entry, is_gone] = owners.try_emplace(name);
    if (is_gone) {
      entry->second = add_candidate({.key = endpoint + "//" + name,
                                     .name = name,
                                     .gone = true,
                                     .since = lifecycle.counted_since});
    }
    select({.endpoint_labels = endpoint_labels,
            .labels = keep(labels_.name_only(name, endpoint_labels)),
            .history = &lifecycle,
            .since = lifecycle.counted_since},
           entry->second);
  }

  std::uint32_t add_candidate(SeriesLimit::Candidate candidate) {
    candidates_.push_back(std::move(candidate));
    return static_cast<std::uint32_t>(candidates_.size() - 1);
  }

  void select(const ContainerScope& scope, std::uint32_t owner) {
    subjects_.groups.select(scope, owner, subjects_.label_sets,
                            [this](const auto& group) { return is_shown(group); });
  }

  [[nodiscard]] bool is_shown(const auto& group) const {
    return !group.name || options_.shows(*group.name);
  }

  std::string_view keep(std::string_view labels) { return subjects_.label_sets.keep(labels); }

  /// Counts the series of each container, and removes those beyond `share` by their priority.
  void count_series(const PageSize& share) {
    for (const auto priority : {Priority::once, Priority::docker_interface, Priority::repeated}) {
      subjects_.groups.for_each([&](const auto& group, auto& subjects) {
        std::erase_if(subjects, [&](const auto& subject) {
          return subject.priority == priority && !fits(group.rows(), subject, share);
        });
      });
    }
  }

  /// Counts the series of a subject for its container.
  template <class Source>
  bool fits(std::span<const Row<Source>> rows, const Subject<Source>& subject,
            const PageSize& share) {
    PageSize size;
    for (const auto& row : rows) {
      row.write(*subject.source, Samples(size, row.family, subject.labels));
    }
    auto& candidate = candidates_[subject.owner];
    if ((candidate.size + size).fits(share)) {
      candidate.size += size;
      return true;
    }
    candidate.beyond += size.series;
    return false;
  }

  /// The Engine determines how many types of events there are: they count like containers' series.
  [[nodiscard]] PageSize size_of_events() const {
    PageSize size;
    for (const auto& engine : input_.engines) {
      constexpr std::size_t bytes_beside_texts = 80;
      for (const auto& [kind, count] : engine->inventory.events) {
        size += {.series = 1, .bytes = bytes_beside_texts + kind.first.size() + kind.second.size()};
      }
    }
    return size;
  }

  const PageInput& input_;
  const PageOptions& options_;
  const WallTime started_at_;
  ContainerLabels labels_;
  ContainerSubjects subjects_;
  std::vector<SeriesLimit::Candidate> candidates_;
};

}  // namespace

std::string endpoint_label(const PageInput& input, std::string_view endpoint) {
  std::string label;
  if (input.engines.size() > 1) append_label(label, "endpoint", endpoint);
  return label;
}

ContainerSubjects collect_containers(const PageInput& input, const PageOptions& options,
                                     SeriesLimit& limit, WallTime started_at) {
  return Collector(input, options, started_at).collect(limit);
}

}  // namespace tidegauge::metrics
