#include "metrics/container_subjects.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>

namespace tidegauge::metrics {
namespace {

using config::SeriesLabels;
using model::ContainerRecord;

/// The label with which a container names labels of its own to be exported, and how many it may.
constexpr std::string_view wish_label = "tidegauge.labels";
constexpr std::size_t most_wishes = 16;

/// A Docker label and its name on the page.
struct ExportedLabel {
  std::string key;
  std::string name;
};

bool is_word_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9');
}

/// cAdvisor's names: "com.docker.compose.project" -> "container_label_com_docker_compose_project".
std::vector<ExportedLabel> exported_labels(const std::vector<std::string>& keys) {
  std::vector<ExportedLabel> exported;
  for (const auto& key : keys) {
    auto name = "container_label_" + key;
    std::ranges::replace_if(name, [](char c) { return !is_word_character(c); }, '_');
    exported.push_back({key, std::move(name)});
  }
  return exported;
}

/// The keys that a container names, as "org.opencontainers.image.version, team".
std::vector<std::string> wishes(const model::Container& container) {
  std::vector<std::string> keys;
  auto rest = find_label(container, wish_label).value_or("");
  while (!rest.empty() && keys.size() < most_wishes) {
    const auto comma = std::min(rest.find(','), rest.size());
    auto key = rest.substr(0, comma);
    key.remove_prefix(std::min(key.find_first_not_of(' '), key.size()));
    key = key.substr(0, key.find_last_not_of(' ') + 1);
    if (!key.empty()) keys.emplace_back(key);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return keys;
}

/// The same label set with one more.
std::string with_label(std::string_view labels, std::string_view name, std::string_view value) {
  std::string more(labels);
  append_label(more, name, value);
  return more;
}

std::string device_name(const model::BlockIoStats& io) {
  if (!io.device.empty()) return io.device;
  return std::to_string(io.major) + ":" + std::to_string(io.minor);
}

struct Shown {
  const ContainerRecord* record;
  bool is_ghost;
};

/// Where the name is their only label, and a container has got that of another whose end or
/// renaming is not known yet, only the younger is there.
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

/// What of a container is left off last. What it has once comes before what it may have any number
/// of: then the interfaces that Docker gives it, by their name.
enum class Worth : std::uint8_t { once, given, any_number };

template <class Source>
constexpr Worth worth(const Source& /*source*/) {
  return Worth::once;
}
Worth worth(const model::NetworkStats& network) {
  return network.interface.starts_with("eth") ? Worth::given : Worth::any_number;
}
constexpr Worth worth(const model::BlockIoStats& /*device*/) {
  return Worth::any_number;
}
constexpr Worth worth(const model::FilesystemStats& /*filesystem*/) {
  return Worth::any_number;
}

/// One collecting: everything first, then what there is no room for is taken out again.
class Collecting {
 public:
  Collecting(const PageInput& input, const PageOptions& options)
      : input_(input), options_(options), exported_(exported_labels(options.container_labels)) {}

  ContainerSubjects collect(SeriesLimit& limit) {
    for (const auto& engine : input_.engines) add(*engine);
    count_series(limit.share());
    limit.report_cut_labels(labels_cut_, labels_cut_of_);
    const auto chosen = limit.choose(candidates_, size_of_events());
    if (std::ranges::find(chosen, false) != chosen.end()) {
      subjects_.for_each_group(options_, [&](const auto& /*rows*/, auto& subjects) {
        std::erase_if(subjects, [&](const auto& subject) { return !chosen[subject.owner]; });
      });
    }
    return std::move(subjects_);
  }

 private:
  void add(const model::EngineSnapshot& engine) {
    const auto endpoint = keep(endpoint_label(input_, engine.endpoint));
    if (engine.host && options_.shows(config::MetricGroup::machine)) {
      add(*engine.host, engine, endpoint);
    }
    std::map<std::string_view, std::size_t> owners;  // by name
    const auto all = shown(engine, options_.labels);
    for (const auto& [record, is_ghost] : all) {
      const auto& container = *record->container;
      const auto owner = candidates_.size();
      owners[container.name] = owner;
      candidates_.push_back({.key = engine.endpoint + "/" + container.id,
                             .name = container.name,
                             .gone = is_ghost,
                             .since = container.created_at.value_or(WallTime::max())});
      add(*record, endpoint, owner);
      if (record->layer) add(*record->layer, engine.host.get(), owner);
    }
    for (const auto& [name, lifecycle] : engine.lifecycles) {
      const auto [entry, is_gone] = owners.try_emplace(name, candidates_.size());
      if (is_gone) {
        candidates_.push_back({.key = engine.endpoint + "//" + name,
                               .name = name,
                               .gone = true,
                               .since = lifecycle.counted_since});
      }
      subjects_.histories.push_back({&lifecycle, keep(with_name(endpoint, name)), entry->second});
    }
  }

  /// The machine is the container with the id "/", as in cAdvisor.
  void add(const model::HostStats& host, const model::EngineSnapshot& engine,
           std::string_view endpoint) {
    const auto owner = candidates_.size();
    candidates_.push_back(
        {.key = engine.endpoint + "/", .name = "/", .gone = false, .since = WallTime::min()});
    const auto labels = keep(with_label(endpoint, "id", "/"));
    model::Container container;
    container.started_at = host.booted_at;
    container.limits.memory_bytes = host.memory_bytes;
    container.limits.memory_swap_bytes = host.swap_bytes;
    const auto& record = subjects_.hosts.emplace_back(model::ContainerRecord{
        .container = std::make_shared<model::Container>(container), .last_seen = engine.taken_at});
    subjects_.all.push_back({&record, labels, owner});
    subjects_.with_processes.push_back({record.container.get(), labels, owner});
    subjects_.machines.push_back({&host, endpoint, owner});
    for (const auto& filesystem : host.filesystems) {
      subjects_.filesystems.push_back(
          {&filesystem, keep(with_label(labels, "device", filesystem.device)), owner});
    }
    add(host.use, labels, owner);
  }

  void add(const ContainerRecord& record, std::string_view endpoint, std::size_t owner) {
    const auto& container = *record.container;
    const auto full = keep(full_labels(record, std::string(endpoint)));
    const auto labels = options_.labels == SeriesLabels::cadvisor
                            ? full
                            : keep(with_name(endpoint, container.name));
    subjects_.infos.push_back({&container, full, owner});
    subjects_.all.push_back({&record, labels, owner});
    if (record.state_known) subjects_.state_known.push_back({&record, labels, owner});
    if (has_processes(container.state)) {
      subjects_.with_processes.push_back({&container, labels, owner});
      if (record.state_known) subjects_.health_known.push_back({&container, labels, owner});
    }
    if (record.stats) add(*record.stats, labels, owner);
  }

  void add(const model::ContainerStats& stats, std::string_view labels, std::size_t owner) {
    if (stats.cpu) subjects_.cpus.push_back({&*stats.cpu, labels, owner});
    if (stats.memory) subjects_.memories.push_back({&*stats.memory, labels, owner});
    if (stats.pressure) subjects_.pressures.push_back({&*stats.pressure, labels, owner});
    if (stats.processes) subjects_.processes.push_back({&*stats.processes, labels, owner});
    if (stats.connections) subjects_.connections.push_back({&*stats.connections, labels, owner});
    if (!stats.tcp_statistics.empty()) {
      subjects_.with_tcp_statistics.push_back({&stats, labels, owner});
    }
    if (!stats.huge_pages.empty()) subjects_.with_huge_pages.push_back({&stats, labels, owner});
    for (const auto& network : stats.networks) {
      subjects_.networks.push_back(
          {&network, keep(with_label(labels, "interface", network.interface)), owner});
    }
    for (const auto& io : stats.block_io) {
      subjects_.block_ios.push_back(
          {&io, keep(with_label(labels, "device", device_name(io))), owner});
    }
  }

  /// Its limits are those of the file system that the Engine's data are on, where that is known.
  void add(const model::WritableLayer& layer, const model::HostStats* host, std::size_t owner) {
    auto& filesystem = subjects_.layers.emplace_back();
    if (host != nullptr) {
      const auto engines = std::ranges::find(host->filesystems, host->engine_device,
                                             &model::FilesystemStats::device);
      if (engines != host->filesystems.end()) filesystem = *engines;
    }
    filesystem.usage_bytes = layer.bytes;
    filesystem.measured_at = layer.measured_at;
    const auto labels = subjects_.all.back().labels;
    subjects_.filesystems.push_back(
        {&filesystem, keep(with_label(labels, "device", filesystem.device)), owner});
  }

  std::string_view keep(std::string labels) { return subjects_.label_sets.keep(std::move(labels)); }

  /// Everything that names a container: the labels of container_info.
  std::string full_labels(const ContainerRecord& record, std::string labels) {
    const auto& container = *record.container;
    const auto cut_before = labels_cut_;
    append_text(labels, "id", record.cgroup_path);
    append_text(labels, "name", container.name);
    append_text(labels, "image", container.image);
    label_names_.clear();
    append_docker_labels(labels, container, exported_);
    append_docker_labels(labels, container, exported_labels(wishes(container)));
    if (labels_cut_ > cut_before && labels_cut_of_.empty()) labels_cut_of_ = container.name;
    return labels;
  }

  [[nodiscard]] std::string with_name(std::string_view labels, std::string_view name) const {
    std::string more(labels);
    append_label(more, "name", name, longest_name());
    return more;
  }

  void append_text(std::string& labels, std::string_view name, std::string_view value) {
    if (append_label(labels, name, value, longest_name())) ++labels_cut_;
  }

  /// Of keys that become the same name, the first that the container has is taken: twice, it would
  /// make the series invalid.
  void append_docker_labels(std::string& labels, const model::Container& container,
                            const std::vector<ExportedLabel>& exported) {
    for (const auto& [key, name] : exported) {
      const auto value = find_label(container, key);
      if (!value || std::ranges::find(label_names_, name) != label_names_.end()) continue;
      label_names_.push_back(name);
      if (append_label(labels, name, *value, options_.max_label_length, Cut::front)) ++labels_cut_;
    }
  }

  /// What tells containers apart is not cut as early as what describes them: rootless, a
  /// container's cgroup has 130 characters.
  [[nodiscard]] std::size_t longest_name() const {
    return std::max(options_.max_label_length, longest_text);
  }

  /// Counts what each container has, and leaves off what is beyond `share`, the least worth first.
  void count_series(const PageSize& share) {
    for (const auto turn : {Worth::once, Worth::given, Worth::any_number}) {
      subjects_.for_each_group(options_, [&](const auto& rows, auto& subjects) {
        std::erase_if(subjects, [&](const auto& subject) {
          if (worth(*subject.source) != turn) return false;
          PageSize size;
          for (const auto& row : rows) {
            row.write(*subject.source, Samples(size, row.family, subject.labels));
          }
          auto& candidate = candidates_[subject.owner];
          const bool fits = (candidate.size + size).fits(share);
          if (fits) {
            candidate.size += size;
          } else {
            candidate.beyond += size.series;
          }
          return !fits;
        });
      });
    }
  }

  /// The kinds of events are as many as the Engine likes, and count like series of containers.
  [[nodiscard]] PageSize size_of_events() const {
    PageSize size;
    for (const auto& engine : input_.engines) {
      constexpr std::size_t beside_texts = 80;
      for (const auto& [kind, count] : engine->inventory.events) {
        size += {.series = 1, .bytes = beside_texts + kind.first.size() + kind.second.size()};
      }
    }
    return size;
  }

  const PageInput& input_;
  const PageOptions& options_;
  const std::vector<ExportedLabel> exported_;
  ContainerSubjects subjects_;
  std::vector<SeriesLimit::Candidate> candidates_;
  std::vector<std::string> label_names_;  ///< container_label_* of the container at hand
  std::size_t labels_cut_ = 0;
  std::string_view labels_cut_of_;  ///< the first of the containers
};

}  // namespace

std::string endpoint_label(const PageInput& input, std::string_view endpoint) {
  std::string label;
  if (input.engines.size() > 1) append_label(label, "endpoint", endpoint);
  return label;
}

ContainerSubjects collect_containers(const PageInput& input, const PageOptions& options,
                                     SeriesLimit& limit) {
  return Collecting(input, options).collect(limit);
}

}  // namespace tidegauge::metrics
