#pragma once

// Tells a watchdog outside of the process that every loop of the daemon turns. Before a loop waits
// it says when it will be back at the latest. Whichever loop turns while none of them is late
// passes the beat on. No thread and no timer does that for them, so that beats end when a loop
// hangs:
//
//   Heartbeats::Loop loop(heartbeats);
//   while (!stop.stop_requested()) {
//     wait_for_work(loop.beat(deadline), stop);  // until `deadline`, or shorter
//     work();
//   }
//
// A single call that must not hang is watched in the same way, by a Loop that lives as long as the
// call does.
//
// Thread-safe; each Loop belongs to one thread. `app` makes one and hands it down by pointer. Where
// that is null nobody asks: loops wait for as long as they like.

#include <functional>
#include <map>

#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"
#include "tidegauge/util/time.h"

namespace tidegauge {

class Heartbeats {
 public:
  class Loop;

  /// A loop waits for `interval` at most, and is late where its next turn, which takes
  /// milliseconds, has not ended after another `interval`. `pass_on` is called by the threads of
  /// the loops, about once per `interval`; it must not block.
  Heartbeats(SteadyTime::duration interval, std::function<void()> pass_on)
      : interval_(interval), pass_on_(std::move(pass_on)) {}
  Heartbeats(const Heartbeats&) = delete;
  Heartbeats& operator=(const Heartbeats&) = delete;
  ~Heartbeats() = default;

 private:
  void expect(const Loop& loop, SteadyTime now) EXCLUDES(mutex_);
  void forget(const Loop& loop) EXCLUDES(mutex_);
  SteadyTime beat(const Loop& loop, SteadyTime until, SteadyTime::duration calls, SteadyTime now)
      EXCLUDES(mutex_);
  [[nodiscard]] bool is_to_pass_on(SteadyTime now) REQUIRES(mutex_);

  const SteadyTime::duration interval_;
  const std::function<void()> pass_on_;
  Mutex mutex_;
  std::map<const Loop*, SteadyTime> back_at_ GUARDED_BY(mutex_);
  SteadyTime passed_on_at_ GUARDED_BY(mutex_) = SteadyTime::min();
};

/// One loop, from its construction to its destruction.
class Heartbeats::Loop {
 public:
  explicit Loop(Heartbeats* all, SteadyTime now = steady_now()) : all_(all) {
    if (all_ != nullptr) all_->expect(*this, now);
  }
  ~Loop() {
    if (all_ != nullptr) all_->forget(*this);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// The loop turns. It is about to wait until the time that this returns, which is `until` or
  /// sooner, and then makes calls that take at most `calls`.
  [[nodiscard]] SteadyTime beat(SteadyTime until, SteadyTime::duration calls = {},
                                SteadyTime now = steady_now()) {
    return all_ == nullptr ? until : all_->beat(*this, until, calls, now);
  }
  /// The calls that come now take at most `calls`.
  void work_for(SteadyTime::duration calls, SteadyTime now = steady_now()) {
    static_cast<void>(beat(now, calls, now));
  }

 private:
  Heartbeats* const all_;
};

}  // namespace tidegauge
