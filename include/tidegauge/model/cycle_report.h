#pragma once

// What happened in one cycle of an Engine's monitor. The monitor fills it, and the daemon's own
// metrics count it. A plain value.

#include <chrono>
#include <cstdint>
#include <string>

namespace tidegauge::model {

struct CycleReport {
  std::string endpoint;
  std::chrono::duration<double> duration{};
  std::uint64_t list_errors = 0;
  std::uint64_t inspect_errors = 0;
  std::uint64_t stats_errors = 0;
};

}  // namespace tidegauge::model
