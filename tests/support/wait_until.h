#pragma once

// Waiting for what another process does: polls, and throws with what was awaited when it has not
// come about within the limit.

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace tidegauge::test {

template <class Condition>
void wait_until(std::string_view what, std::chrono::milliseconds limit, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("waited in vain until " + std::string(what));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace tidegauge::test
