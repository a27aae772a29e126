#include "tidegauge/model/snapshot.h"

#include <utility>

namespace tidegauge::model {

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
  // The old picture may be the last reference to thousands of containers: it dies off the lock.
  snapshot_.with([&](Snapshot& current) { std::swap(current.at(endpoint), snapshot); });
}

Snapshot SnapshotStore::latest() const {
  return snapshot_.with([](const Snapshot& current) { return current; });
}

}  // namespace tidegauge::model
