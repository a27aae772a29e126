#pragma once

// The threads that make the calls about single containers: each is asked for with a time when it is
// due, those due first come first, and no more are in progress than InFlightControl allows. A call
// asked for again before it was made is made once, and never twice at the same time.
//
// Thread-safe. Destroying it cancels the calls in progress and drops the others. `work` is called
// by any of its threads, and must outlive it.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "monitor/in_flight_control.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class CallScheduler {
 public:
  enum class Call : std::uint8_t { inspect, sample, measure };
  struct Task {
    Call call = Call::inspect;
    std::string id;  ///< of the container
    SteadyTime due{};
  };
  using Work = std::function<void(const Task& task, const std::stop_token& stop)>;

  /// Begins with `initial` of at most `most` calls in progress. `guard` outlives it: where `work`
  /// throws, that call has ended and the others go on.
  CallScheduler(std::uint32_t initial, std::uint32_t most, ThreadGuard& guard, Work work);
  ~CallScheduler();
  CallScheduler(const CallScheduler&) = delete;
  CallScheduler& operator=(const CallScheduler&) = delete;

  /// One that is due at another time already is made at the earlier of the two.
  void schedule(Task task);
  /// What was asked for and is not yet begun is not wanted any more.
  void cancel_pending();
  /// Waits until nothing is in progress and nothing that is due is left to do.
  void wait_until_idle(const std::stop_token& stop);

  /// A sample was answered after `took`.
  void answered(SteadyTime::duration took);
  [[nodiscard]] std::uint32_t limit() const;

 private:
  using Order = std::pair<SteadyTime, std::uint64_t>;  // due, and in the order of asking
  using Key = std::pair<Call, std::string>;

  void serve(const std::stop_token& stop);
  void wake_for(SteadyTime due);
  [[nodiscard]] std::map<Order, Task>::iterator next_task();
  void wait_for_work(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);
  [[nodiscard]] bool idle(SteadyTime now) const;

  ThreadGuard& guard_;
  Work work_;
  mutable std::mutex mutex_;
  std::condition_variable_any wanted_;  // a thread without an alarm, to look for work
  std::condition_variable_any sooner_;  // the thread with the alarm, to set another
  std::condition_variable_any done_;    // a task
  // Guarded by the mutex:
  InFlightControl control_;
  std::map<Order, Task> queue_;
  std::map<Key, Order> queued_;
  std::set<Key> in_progress_;
  std::uint64_t asked_ = 0;
  std::optional<SteadyTime> alarm_;  // of the one idle thread that waits for a time
  std::vector<std::jthread> threads_;
};

}  // namespace tidegauge::monitor
