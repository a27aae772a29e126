#pragma once

// Lets as many workers through at a time as InFlightControl says, and tells it how long their calls
// took. Thread-safe.

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "tidegauge/monitor/in_flight_control.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class InFlightGate {
 public:
  InFlightGate(std::uint32_t initial, std::uint32_t most) : control_(initial, most) {}

  [[nodiscard]] std::uint32_t limit() const {
    const std::lock_guard lock(mutex_);
    return control_.limit();
  }

  /// Waits for its turn; false where `stop` was requested before it came.
  [[nodiscard]] bool enter(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!turn_.wait(lock, stop, [this] { return inside_ < control_.limit(); })) return false;
    ++inside_;
    return true;
  }

  /// A call of whoever is inside was answered.
  void answered(SteadyTime::duration took) {
    const std::lock_guard lock(mutex_);
    if (inside_ >= control_.limit()) control_.answered(took);
  }

  void leave() {
    {
      const std::lock_guard lock(mutex_);
      --inside_;
    }
    turn_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any turn_;
  InFlightControl control_;
  std::uint32_t inside_ = 0;
};

}  // namespace tidegauge::monitor
