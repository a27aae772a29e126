#pragma once

// How one cycle of a ContainerMonitor went, for whoever counts (the daemon's own metrics).

#include <cstdint>
#include <string>

#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

struct CycleReport {
  std::string endpoint;
  std::chrono::duration<double> duration{};
  std::uint64_t list_errors = 0;
  std::uint64_t inspect_errors = 0;
  std::uint64_t stats_errors = 0;
};

/// Called by the monitor's own thread after each cycle; must be quick and must not throw.
class CycleObserver {
 public:
  virtual ~CycleObserver() = default;
  virtual void cycle_finished(const CycleReport& report) = 0;
};

}  // namespace tidegauge::monitor
