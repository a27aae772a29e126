#pragma once

// What a monitor hands on to the daemon after this one: `app` saves it in a file and restores it. A
// plain value.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidegauge/model/lifecycle.h"
#include "tidegauge/model/run_end.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

struct RestoredState {
  model::RunEnds ends;                                               ///< the oldest first
  std::vector<std::pair<std::string, model::Lifecycle>> lifecycles;  ///< by name
  WallTime saved_at{};                                               ///< by this machine's clock
  std::optional<WallTime>
      followed_until;  ///< the last event in `lifecycles`, by the Engine's clock
};

}  // namespace tidegauge::monitor
