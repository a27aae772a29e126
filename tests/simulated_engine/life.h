#pragma once

// What happens on the simulated host by itself: containers that crash, run out of memory, are
// stopped, started, paused, replaced, and whose health changes. The same seed on the same host
// gives the same life.

#include <cstdint>
#include <random>

#include "simulated_engine/simulated_host.h"

namespace tidegauge::test {

class Life {
 public:
  /// The host must outlive it.
  Life(SimulatedHost& host, std::uint64_t seed) : host_(host), random_(seed) {}

  /// One thing happens to one container; each emits at least one event.
  void step();

 private:
  void happen_to_running(const SimulatedContainer& container);
  void happen_to_exited(const SimulatedContainer& container);
  bool chance(unsigned percent) { return random_() % 100 < percent; }

  SimulatedHost& host_;
  std::mt19937_64 random_;
};

}  // namespace tidegauge::test
