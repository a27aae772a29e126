#pragma once

// Snapshots that nobody reads any more, to be filled again: a snapshot of many containers is made
// without allocating. What a snapshot refers to is given up only when it is taken off the shelf, by
// whoever takes it, and not by the last reader's thread.
//
// Snapshots may outlive the shelf. `take` is used by one thread; readers may be anywhere.

#include <memory>
#include <utility>
#include <vector>

#include "tidegauge/model/snapshot.h"
#include "tidegauge/util/guarded.h"

namespace tidegauge::monitor {

class SnapshotShelf {
 public:
  /// An empty one, or one with what it held: the taker overwrites all of it.
  [[nodiscard]] std::shared_ptr<model::EngineSnapshot> take() {
    auto snapshot = idle_->with([](auto& idle) {
      if (idle.empty()) return std::make_unique<model::EngineSnapshot>();
      auto last = std::move(idle.back());
      idle.pop_back();
      return last;
    });
    return {snapshot.release(), [idle = idle_](model::EngineSnapshot* read) {
              idle->with([&](auto& snapshots) { snapshots.emplace_back(read); });
            }};
  }

 private:
  using Idle = Guarded<std::vector<std::unique_ptr<model::EngineSnapshot>>>;
  std::shared_ptr<Idle> idle_ = std::make_shared<Idle>();
};

}  // namespace tidegauge::monitor
