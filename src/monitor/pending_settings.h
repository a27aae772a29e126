#pragma once

// Hands new settings of a monitor to the thread of ContainerMonitor::run, and lets the one who has
// changed them wait until they are applied. Settings that are replaced before that thread has taken
// them are never applied.
//
// Thread-safe.

#include <condition_variable>
#include <cstdint>
#include <optional>
#include <utility>

#include "tidegauge/monitor/container_monitor.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class PendingSettings {
 public:
  void put(MonitorSettings settings) {
    const MutexLock lock(mutex_);
    pending_ = std::move(settings);
    ++put_;
  }

  /// The latest settings that were put since the last call; nothing where there are none.
  [[nodiscard]] std::optional<MonitorSettings> take() {
    const MutexLock lock(mutex_);
    if (pending_) taken_ = put_;
    return std::exchange(pending_, std::nullopt);
  }
  /// What `take` has returned is applied.
  void applied() {
    const MutexLock lock(mutex_);
    applied_ = taken_;
    changed_.notify_all();
  }

  /// Waits until everything is applied that was put before. False after `deadline`.
  [[nodiscard]] bool wait_until_applied(SteadyTime deadline) {
    MutexLock lock(mutex_);
    const auto last = put_;
    return changed_.wait_until(lock.native(), deadline,
                               [&]() REQUIRES(mutex_) { return applied_ >= last; });
  }

 private:
  Mutex mutex_;
  std::condition_variable changed_;
  std::optional<MonitorSettings> pending_ GUARDED_BY(mutex_);
  std::uint64_t put_ GUARDED_BY(mutex_) = 0;
  std::uint64_t taken_ GUARDED_BY(mutex_) = 0;
  std::uint64_t applied_ GUARDED_BY(mutex_) = 0;
};

}  // namespace tidegauge::monitor
