#pragma once

// Tells snapshots apart, so that what is made of one is made once. Plain
// values and pure functions.

#include <optional>
#include <vector>

#include "tidegauge/model/snapshot.h"
#include "tidegauge/util/time.h"

namespace tidegauge::app {

/// The address of a snapshot alone does not tell: the monitor reuses memory.
struct SnapshotVersion {
  const model::EngineSnapshot* snapshot;
  std::optional<SteadyTime> published_at;
  bool stale;
  friend bool operator==(const SnapshotVersion&, const SnapshotVersion&) = default;
};

[[nodiscard]] inline std::vector<SnapshotVersion> versions_of(const model::Snapshot& snapshots) {
  std::vector<SnapshotVersion> versions;
  for (const auto& snapshot : snapshots) {
    versions.push_back({snapshot.get(), snapshot->published_at, snapshot->stale});
  }
  return versions;
}

}  // namespace tidegauge::app
