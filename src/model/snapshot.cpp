#include "tidegauge/model/snapshot.h"

#include <algorithm>
#include <utility>

namespace tidegauge::model {

namespace {

std::shared_ptr<const EngineSnapshot> stale_snapshot(const EngineSnapshot& old,
                                                     SteadyTime::duration age) {
  auto snapshot = std::make_shared<EngineSnapshot>();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  snapshot->endpoint = old.endpoint;
  snapshot->down_reason =
      "the snapshot is " + std::to_string(seconds) + " s old: the monitor has stopped publishing";
  snapshot->taken_at = old.taken_at;
  snapshot->published_at = old.published_at;
  snapshot->stale = true;
  snapshot->max_in_flight = old.max_in_flight;
  snapshot->ends = old.ends;
  snapshot->inventory = old.inventory;
  return snapshot;
}

Snapshot::iterator of_endpoint(Snapshot& engines, const std::string& endpoint) {
  return std::ranges::find(
      engines, endpoint, [](const auto& engine) -> const std::string& { return engine->endpoint; });
}

}  // namespace

const EngineSnapshot* find_engine(const Snapshot& engines, std::string_view endpoint) {
  const auto found = std::ranges::find_if(
      engines, [&](const auto& engine) { return engine->endpoint == endpoint; });
  return found == engines.end() ? nullptr : found->get();
}

const ContainerRecord* find_container(const EngineSnapshot& engine, std::string_view name) {
  const auto name_of = [](const ContainerRecord& record) -> std::string_view {
    return record.container->name;
  };
  const auto found = std::ranges::lower_bound(engine.containers, name, {}, name_of);
  return found == engine.containers.end() || name_of(*found) != name ? nullptr : &*found;
}

Snapshot without_stale(Snapshot engines, SteadyTime now, SteadyTime::duration max_age) {
  for (auto& engine : engines) {
    if (!engine->published_at) continue;
    const auto age = now - *engine->published_at;
    if (age > max_age) engine = stale_snapshot(*engine, age);
  }
  return engines;
}

SnapshotStore::SnapshotStore(const std::vector<std::string>& endpoints, OnPublish on_publish)
    : on_publish_(std::move(on_publish)) {
  set_endpoints(endpoints);
}

void SnapshotStore::set_endpoints(const std::vector<std::string>& endpoints) {
  Snapshot next;
  for (const auto& endpoint : endpoints) {
    auto snapshot = std::make_shared<EngineSnapshot>();
    snapshot->endpoint = endpoint;
    snapshot->down_reason = "not asked yet";
    snapshot->taken_at = wall_now();
    next.push_back(std::move(snapshot));
  }
  snapshot_.with([&](Snapshot& current) {
    for (auto& snapshot : next) {
      const auto known = of_endpoint(current, snapshot->endpoint);
      if (known != current.end()) snapshot = *known;
    }
    std::swap(current, next);  // what is dropped is destroyed without the lock
  });
}

void SnapshotStore::publish(std::shared_ptr<const EngineSnapshot> snapshot) {
  // The old snapshot may hold the last reference to thousands of containers: destroy it without the
  // lock.
  snapshot_.with([&](Snapshot& current) {
    const auto known = of_endpoint(current, snapshot->endpoint);
    if (known != current.end()) std::swap(*known, snapshot);
  });
  if (on_publish_) on_publish_(latest());
}

Snapshot SnapshotStore::latest() const {
  return snapshot_.with([](const Snapshot& current) { return current; });
}

}  // namespace tidegauge::model
