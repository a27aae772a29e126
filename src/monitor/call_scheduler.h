#pragma once

// Schedules the calls about single containers and makes them on its own threads. The task that is
// due first begins first, and no more calls are in progress than InFlightControl allows. A call
// that is scheduled again before it has begun is made once; the same call is never in progress
// twice.
//
// Thread-safe. The destructor cancels the calls in progress and drops the pending ones. `work` is
// called by any of the threads and outlives the scheduler.

#include <condition_variable>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "monitor/in_flight_control.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class CallScheduler {
 public:
  enum class Call : std::uint8_t { inspect, sample, measure, check_engine, read_log };
  struct Task {
    Call call = Call::inspect;
    std::string id;  ///< of the container; empty: about the Engine
    SteadyTime due{};
  };
  using Work = std::function<void(const Task& task, const std::stop_token& stop)>;

  /// Allows `initial` calls in progress at first, and never more than `max`. `guard` outlives the
  /// scheduler: a call whose `work` throws has ended, and the other calls go on.
  CallScheduler(std::uint32_t initial, std::uint32_t max, ThreadGuard& guard, Work work);
  ~CallScheduler();
  CallScheduler(const CallScheduler&) = delete;
  CallScheduler& operator=(const CallScheduler&) = delete;

  /// Changes what the constructor was given. Calls in progress go on, also where there are more of
  /// them than `max`. Called by one thread at a time. Throws std::system_error without threads.
  void set_limits(std::uint32_t initial, std::uint32_t max);

  /// A call that is pending already is made at the earlier of the two times.
  void schedule(Task task);
  /// Drops the calls that have not begun.
  void cancel_pending();
  /// Waits until no call is in progress and no pending call is due.
  void wait_until_idle(const std::stop_token& stop);

  /// A sample was answered after `took`.
  void answered(SteadyTime::duration took);
  /// How many calls may be in progress now.
  [[nodiscard]] std::uint32_t limit() const;

 private:
  using Order = std::pair<SteadyTime, std::uint64_t>;  // due, then in the order of scheduling
  using Key = std::pair<Call, std::string>;

  void ensure_thread(std::size_t index);
  void serve(std::size_t index, const std::stop_token& stop);
  void wake_for(SteadyTime due) REQUIRES(mutex_);
  [[nodiscard]] std::map<Order, Task>::iterator next_task() REQUIRES(mutex_);
  void wait_for_work(MutexLock& lock, std::size_t index, const std::stop_token& stop)
      REQUIRES(mutex_);
  [[nodiscard]] bool idle(SteadyTime now) const REQUIRES(mutex_);

  ThreadGuard& guard_;
  Work work_;
  mutable Mutex mutex_;
  std::condition_variable_any wanted_;  // wakes a thread without an alarm to look for work
  std::condition_variable_any sooner_;  // wakes the thread with the alarm to set another
  std::condition_variable_any done_;    // a task has ended
  InFlightControl control_ GUARDED_BY(mutex_);
  std::map<Order, Task> queue_ GUARDED_BY(mutex_);
  std::map<Key, Order> queued_ GUARDED_BY(mutex_);
  std::set<Key> in_progress_ GUARDED_BY(mutex_);
  std::uint64_t scheduled_ GUARDED_BY(mutex_) = 0;  // tasks so far
  std::optional<SteadyTime> alarm_
      GUARDED_BY(mutex_);  // of the one idle thread that waits for a time
  std::uint32_t initial_ GUARDED_BY(mutex_) = 0;
  std::uint32_t max_ GUARDED_BY(mutex_) = 0;
  std::set<std::size_t> serving_ GUARDED_BY(mutex_);  ///< indices of threads that have not ended
  std::vector<std::jthread> threads_;                 ///< those beyond `max_` end
};

}  // namespace tidegauge::monitor
