#pragma once

// Waiting for what another thread brings about and gives no signal of: looks again and again, up to
// a deadline that only a failing test ever reaches.

#include <thread>

#include "tidegauge/util/time.h"

namespace tidegauge::test {

template <class Condition>
[[nodiscard]] bool eventually(const Condition& condition,
                              Milliseconds limit = Milliseconds{10'000}) {
  const auto deadline = steady_now() + limit;
  while (!condition()) {
    if (steady_now() >= deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace tidegauge::test
