#pragma once

// Limits a rate: a bucket that holds at most `burst` tokens and gets one each `interval`. It begins
// full. Not thread-safe.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "tidegauge/util/time.h"

namespace tidegauge::web {

class TokenBucket {
 public:
  /// `interval` is more than 0.
  TokenBucket(std::chrono::nanoseconds interval, std::uint32_t burst, SteadyTime now)
      : interval_(interval), capacity_(interval * burst), filled_(capacity_), at_(now) {}

  /// Takes a token; false where there is none.
  [[nodiscard]] bool take(SteadyTime now) {
    filled_ = std::min(capacity_, filled_ + (now - at_));
    at_ = now;
    if (filled_ < interval_) return false;
    filled_ -= interval_;
    return true;
  }

 private:
  std::chrono::nanoseconds interval_;
  std::chrono::nanoseconds capacity_;
  std::chrono::nanoseconds filled_;  ///< a token is `interval_` of it
  SteadyTime at_;
};

}  // namespace tidegauge::web
