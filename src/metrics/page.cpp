#include "tidegauge/metrics/page.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "metrics/render_rows.h"
#include "tidegauge/metrics/instruments.h"

namespace tidegauge::metrics {
namespace {

/// A Docker label and its name on the page.
struct ExportedLabel {
  std::string key;
  std::string name;
};

/// What the rows of containers are about, each with its labels.
struct Containers {
  std::vector<Subject<model::ContainerRecord>> all;
  std::vector<Subject<model::ContainerRecord>> state_known;
  std::vector<Subject<model::Container>> with_processes;
  std::vector<Subject<model::Container>> health_known;  ///< of these
  std::vector<Subject<model::CpuStats>> cpu;
  std::vector<Subject<model::MemoryStats>> memory;
  std::vector<Subject<model::PressureStats>> pressure;
  std::vector<Subject<model::NetworkStats>> networks;
  std::vector<Subject<model::BlockIoStats>> block_io;
  std::vector<Subject<model::Lifecycle>> history;
};

bool is_word_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9');
}

/// cAdvisor's names: "com.docker.compose.project" -> "container_label_com_docker_compose_project".
/// Of two keys that become the same name the first is taken, or the series would be invalid.
std::vector<ExportedLabel> exported_labels(const std::vector<std::string>& keys) {
  std::vector<ExportedLabel> exported;
  for (const auto& key : keys) {
    auto name = "container_label_" + key;
    std::ranges::replace_if(name, [](char c) { return !is_word_character(c); }, '_');
    if (std::ranges::find(exported, name, &ExportedLabel::name) == exported.end()) {
      exported.push_back({key, std::move(name)});
    }
  }
  return exported;
}

std::string container_labels(const model::ContainerRecord& record, std::string labels,
                             const std::vector<ExportedLabel>& exported) {
  const auto& container = *record.container;
  append_label(labels, "id", record.cgroup_path);
  append_label(labels, "name", container.name);
  append_label(labels, "image", container.image);
  for (const auto& [key, name] : exported) {
    const auto label = std::ranges::lower_bound(container.labels, key, {},
                                                &std::pair<std::string, std::string>::first);
    if (label != container.labels.end() && label->first == key) {
      append_label(labels, name, label->second);
    }
  }
  return labels;
}

std::string device_name(const model::BlockIoStats& io) {
  if (!io.device.empty()) return io.device;
  return std::to_string(io.major) + ":" + std::to_string(io.minor);
}

void add_stats(Containers& containers, const model::ContainerStats& stats,
               const std::string& labels) {
  if (stats.cpu) containers.cpu.push_back({&*stats.cpu, labels});
  if (stats.memory) containers.memory.push_back({&*stats.memory, labels});
  if (stats.pressure) containers.pressure.push_back({&*stats.pressure, labels});
  for (const auto& network : stats.networks) {
    auto interface_labels = labels;
    append_label(interface_labels, "interface", network.interface);
    containers.networks.push_back({&network, std::move(interface_labels)});
  }
  for (const auto& io : stats.block_io) {
    auto device_labels = labels;
    append_label(device_labels, "device", device_name(io));
    containers.block_io.push_back({&io, std::move(device_labels)});
  }
}

/// The label of an Engine: only where there are several, for it would be the same everywhere.
std::string endpoint_label(const PageInput& input, std::string_view endpoint) {
  std::string label;
  if (input.engines.size() > 1) append_label(label, "endpoint", endpoint);
  return label;
}

Containers collect_containers(const PageInput& input, const PageOptions& options) {
  const auto exported = exported_labels(options.container_labels);
  Containers containers;
  for (const auto& engine : input.engines) {
    const auto endpoint = endpoint_label(input, engine->endpoint);
    for (const auto& record : engine->containers) {
      const auto labels = container_labels(record, endpoint, exported);
      containers.all.push_back({&record, labels});
      if (record.state_known) containers.state_known.push_back({&record, labels});
      if (has_processes(record.container->state)) {
        containers.with_processes.push_back({record.container.get(), labels});
        if (record.state_known) containers.health_known.push_back({record.container.get(), labels});
      }
      if (record.stats) add_stats(containers, *record.stats, labels);
    }
    for (const auto& ghost : engine->ghosts) {
      containers.all.push_back({&ghost, container_labels(ghost, endpoint, exported)});
      containers.state_known.push_back(containers.all.back());
    }
    for (const auto& [name, lifecycle] : engine->lifecycles) {
      auto labels = endpoint;
      append_label(labels, "name", name);
      containers.history.push_back({&lifecycle, std::move(labels)});
    }
  }
  return containers;
}

std::vector<Subject<model::EngineSnapshot>> collect_engines(const PageInput& input) {
  std::vector<Subject<model::EngineSnapshot>> engines;
  for (const auto& engine : input.engines) {
    engines.push_back({engine.get(), endpoint_label(input, engine->endpoint)});
  }
  return engines;
}

std::vector<Subject<model::CallStats>> collect_calls(const PageInput& input) {
  std::vector<Subject<model::CallStats>> calls;
  for (const auto& client : input.clients) {
    for (const auto call : model::all_calls) {
      auto labels = endpoint_label(input, client.endpoint);
      append_label(labels, "call", to_string(call));
      calls.push_back({&client.calls[static_cast<std::size_t>(call)], std::move(labels)});
    }
  }
  return calls;
}

std::vector<Subject<model::PoolStats>> collect_pools(const PageInput& input) {
  std::vector<Subject<model::PoolStats>> pools;
  for (const auto& pool : input.pools) {
    std::string labels;
    append_label(labels, "pool", pool.pool);
    pools.push_back({&pool, std::move(labels)});
  }
  return pools;
}

/// Enough for a page of these containers, so that it is not copied again and again as it grows.
/// What is reserved and not written costs no memory.
std::size_t expected_bytes(const Containers& containers) {
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
                        const Instruments& instruments) {
  const auto containers = collect_containers(input, options);
  TextWriter writer(expected_bytes(containers));
  render_rows(writer, sample_rows(), containers.all);
  render_rows(writer, lifecycle_rows(), containers.state_known);
  render_rows(writer, history_rows(), containers.history);
  render_rows(writer, health_rows(), containers.health_known);
  render_rows(writer, limit_rows(), containers.with_processes);
  render_rows(writer, cpu_rows(), containers.cpu);
  render_rows(writer, memory_rows(), containers.memory);
  render_rows(writer, pressure_rows(), containers.pressure);
  render_rows(writer, network_rows(), containers.networks);
  render_rows(writer, block_io_rows(), containers.block_io);
  render_rows(writer, engine_rows(), collect_engines(input));
  render_rows(writer, call_rows(), collect_calls(input));
  render_rows(writer, pool_rows(), collect_pools(input));
  return std::move(writer).take() + instruments.render();
}

}  // namespace tidegauge::metrics
