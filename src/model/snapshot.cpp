#include "tidegauge/model/snapshot.h"

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
  snapshot->inventory = old.inventory;
  return snapshot;
}

}  // namespace

Snapshot without_stale(Snapshot engines, SteadyTime now, SteadyTime::duration max_age) {
  for (auto& engine : engines) {
    if (!engine->published_at) continue;
    const auto age = now - *engine->published_at;
    if (age > max_age) engine = stale_snapshot(*engine, age);
  }
  return engines;
}

SnapshotStore::SnapshotStore(const std::vector<std::string>& endpoints) {
  Snapshot initial;
  for (const auto& endpoint : endpoints) {
    auto snapshot = std::make_shared<EngineSnapshot>();
    snapshot->endpoint = endpoint;
    snapshot->down_reason = "not asked yet";
    snapshot->taken_at = wall_now();
    initial.push_back(std::move(snapshot));
  }
  snapshot_.with([&](Snapshot& current) { current = std::move(initial); });
}

void SnapshotStore::publish(std::size_t endpoint, std::shared_ptr<const EngineSnapshot> snapshot) {
  // The old snapshot may hold the last reference to thousands of containers: destroy it without the
  // lock.
  snapshot_.with([&](Snapshot& current) { std::swap(current.at(endpoint), snapshot); });
}

Snapshot SnapshotStore::latest() const {
  return snapshot_.with([](const Snapshot& current) { return current; });
}

}  // namespace tidegauge::model
