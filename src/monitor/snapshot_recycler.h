#pragma once

// Keeps snapshots that nobody reads any more, to be written again, so that a snapshot of many
// containers is made without allocating. A recycled snapshot holds its samples until `take` returns
// it: the thread of `take` drops them, never the thread of the last reader.
//
// Slow readers may hold many snapshots at once. When those snapshots come back, two are kept and
// the others are freed, and the snapshot that has waited longest is written first. So a sample is
// not kept alive for longer than three snapshots take.
//
// Snapshots may outlive the recycler. `take` is used by one thread; readers may be anywhere.

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "tidegauge/model/snapshot.h"
#include "tidegauge/util/guarded.h"

namespace tidegauge::monitor {

class SnapshotRecycler {
 public:
  /// A snapshot, new or with its old content: the caller overwrites all of it.
  [[nodiscard]] std::shared_ptr<model::EngineSnapshot> take() {
    Snapshots surplus;  // freed without the lock
    auto snapshot = idle_->with([&](auto& idle) {
      if (idle.empty()) return std::make_unique<model::EngineSnapshot>();
      auto first = pop_front(idle);
      while (idle.size() > kept) surplus.push_back(pop_front(idle));
      return first;
    });
    return {snapshot.release(), [idle = idle_](model::EngineSnapshot* read) {
              idle->with([&](auto& snapshots) { snapshots.emplace_back(read); });
            }};
  }

 private:
  using Snapshots = std::deque<std::unique_ptr<model::EngineSnapshot>>;
  static constexpr std::size_t kept = 2;

  static std::unique_ptr<model::EngineSnapshot> pop_front(Snapshots& snapshots) {
    auto first = std::move(snapshots.front());
    snapshots.pop_front();
    return first;
  }

  std::shared_ptr<Guarded<Snapshots>> idle_ = std::make_shared<Guarded<Snapshots>>();
};

}  // namespace tidegauge::monitor
