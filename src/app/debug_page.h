#pragma once

// /debug/pool: every slot of every pool with its holder, as JSON. Operators read it to find a leak.

#include <string>
#include <utility>
#include <vector>

#include "tidegauge/model/pool_stats.h"

namespace tidegauge::app {

/// {"pools":[{"endpoint":"local","slots":[{"slot":0,"state":"leased",...},...]},...]}
[[nodiscard]] std::string debug_page(
    const std::vector<std::pair<std::string, std::vector<model::SlotStats>>>& pools);

}  // namespace tidegauge::app
