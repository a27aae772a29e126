#pragma once

// What the pages and the JSON are made of: one snapshot of everything, put together by `app` for
// each page. Plain values and references to what outlives the page.

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidegauge/model/pool_stats.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/status/history.h"
#include "tidegauge/util/time.h"

namespace tidegauge::status {

struct StatusInput {
  model::Snapshot engines;              ///< what may be shown, without what is too old
  std::vector<model::PoolStats> pools;  ///< one for each Engine
  std::vector<std::pair<std::string, std::vector<model::SlotStats>>> slots;  ///< by endpoint
  const History& history;
  WallTime now{};
  /// A sample that is older is a problem; as `config::greatest_age`.
  SteadyTime::duration greatest_age = std::chrono::minutes{1};
  std::string host_name;  ///< of this machine
  /// Whether the reader may see all labels of a container, or those in `listed_labels` alone.
  bool show_all_labels = false;
  std::vector<std::string> listed_labels;  ///< container_monitor.labels
  bool show_logs = false;                  ///< web.show_logs
  bool show_processes = false;             ///< web.show_processes

  /// Labels may hold secrets, as the passwords of a reverse proxy.
  [[nodiscard]] bool shows_label(std::string_view key) const {
    return show_all_labels || std::ranges::find(listed_labels, key) != listed_labels.end();
  }
};

}  // namespace tidegauge::status
