#pragma once

// Waits for a change that another thread makes and does not signal: checks a condition every
// millisecond, until a deadline that only a failing test reaches.

#include <thread>

#include "tidegauge/util/time.h"

namespace tidegauge::test {

template <class Condition>
[[nodiscard]] bool eventually(const Condition& condition,
                              Milliseconds limit = Milliseconds{10'000}) {
  const auto deadline = steady_now() + limit;
  while (!condition()) {
    if (steady_now() >= deadline) return false;
    std::this_thread::sleep_for(Milliseconds{1});
  }
  return true;
}

}  // namespace tidegauge::test
