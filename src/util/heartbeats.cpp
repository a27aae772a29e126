#include "tidegauge/util/heartbeats.h"

#include <algorithm>

namespace tidegauge {

void Heartbeats::expect(const Loop& loop, SteadyTime now) {
  const MutexLock lock(mutex_);
  back_at_[&loop] = now + interval_;
}

void Heartbeats::forget(const Loop& loop) {
  const MutexLock lock(mutex_);
  back_at_.erase(&loop);
}

SteadyTime Heartbeats::beat(const Loop& loop, SteadyTime until, SteadyTime::duration calls,
                            SteadyTime now) {
  until = std::min(until, now + interval_);
  {
    const MutexLock lock(mutex_);
    back_at_[&loop] = std::max(until, now) + calls + interval_;
    if (!is_to_pass_on(now)) return until;
  }
  pass_on_();
  return until;
}

/// Every loop turns at least once per interval, so one of them does so in time.
bool Heartbeats::is_to_pass_on(SteadyTime now) {
  if (passed_on_at_ != SteadyTime::min() && now < passed_on_at_ + interval_ / 2) return false;
  const bool is_late =
      std::ranges::any_of(back_at_, [now](const auto& loop) { return loop.second < now; });
  if (!is_late) passed_on_at_ = now;
  return !is_late;
}

}  // namespace tidegauge
