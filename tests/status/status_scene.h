#pragma once

// Snapshots of Engines for the tests of pages and JSON, and the history that belongs to them.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tidegauge/status/status_input.h"

namespace tidegauge::test {

/// Starts with one Engine "local" that is up and has no containers. Change `engine` and then ask
/// for `input()`.
struct StatusScene {
  static constexpr WallTime now{std::chrono::seconds{1'795'424'400}};

  StatusScene() {
    engine.endpoint = "local";
    engine.up = true;
    engine.taken_at = now;
    engine.published_at = SteadyTime{} + std::chrono::hours{1};
  }

  model::EngineSnapshot engine;
  std::vector<model::PoolStats> pools;
  std::vector<std::pair<std::string, std::vector<model::SlotStats>>> slots;
  status::History history;
  bool show_all_labels = true;
  bool show_logs = false;
  bool show_processes = false;

  /// Running, without anything to say. Containers are to be added by name.
  model::ContainerRecord& add(const std::string& name,
                              const std::function<void(model::Container&)>& change = {}) {
    model::Container container;
    container.name = name;
    container.id = std::string(64 - name.size() % 64, '0') + name;
    container.image = "image-of-" + name;
    container.state = model::ContainerState::running;
    container.created_at = container.started_at = now - std::chrono::hours{2};
    if (change) change(container);
    model::ContainerRecord record;
    record.container = std::make_shared<const model::Container>(std::move(container));
    record.cgroup_path = "/docker/" + record.container->id;
    engine.containers.push_back(std::move(record));
    return engine.containers.back();
  }

  static std::shared_ptr<const model::ContainerStats> stats(
      const std::function<void(model::ContainerStats&)>& change) {
    auto stats = std::make_shared<model::ContainerStats>();
    stats->source = model::StatsSource::kernel;
    stats->read_at = now - std::chrono::seconds{1};
    change(*stats);
    return stats;
  }

  /// The run of a container that has ended, the latest one.
  model::RunEnd& add_end(const std::string& name, model::EndCause cause, std::chrono::seconds ago) {
    auto end = std::make_shared<model::RunEnd>();
    end->number = ends_.size() + 1;
    end->name = name;
    end->id = std::string(64 - name.size() % 64, '0') + name;
    end->cause = cause;
    end->ended_at = now - ago;
    end->started_at = end->ended_at - std::chrono::minutes{3};
    ends_.push_back(end);
    engine.ends = std::make_shared<model::RunEnds>(ends_.begin(), ends_.end());
    return *end;
  }

  /// Records what the Engine was ten seconds ago, and then what it is.
  void record_after(const std::function<void(model::EngineSnapshot&)>& before) {
    auto earlier = std::make_shared<model::EngineSnapshot>(engine);
    earlier->taken_at = now - std::chrono::seconds{10};
    earlier->published_at = *engine.published_at - std::chrono::seconds{10};
    before(*earlier);
    history.record({earlier});
    history.record({std::make_shared<const model::EngineSnapshot>(engine)});
  }

  [[nodiscard]] status::StatusInput input() const {
    return {.engines = {std::make_shared<const model::EngineSnapshot>(engine)},
            .pools = pools,
            .slots = slots,
            .history = history,
            .now = now,
            .host_name = "dock",
            .show_all_labels = show_all_labels,
            .listed_labels = {"listed"},
            .show_logs = show_logs,
            .show_processes = show_processes};
  }

 private:
  std::vector<std::shared_ptr<model::RunEnd>> ends_;
};

}  // namespace tidegauge::test
