#include "tidegauge/util/retry.h"

#include <algorithm>
#include <condition_variable>

#include "tidegauge/util/mutex.h"

namespace tidegauge {

void Retry::succeeded() noexcept {
  failures_ = 0;
  pause_ = options_.first_pause;
  logged_at_.reset();
}

bool Retry::failed(SteadyTime now) noexcept {
  if (failures_++ > 0) pause_ = std::min(2 * pause_, options_.longest_pause);
  if (logged_at_ && now - *logged_at_ < options_.log_gap) return false;
  logged_at_ = now;
  return true;
}

Milliseconds Retry::next_pause() const noexcept {
  return failures_ == 0 ? Milliseconds{0} : pause_;
}

void Retry::pause(const std::stop_token& stop) const {
  wait_for(next_pause(), stop);
}

void wait_for(Milliseconds duration, const std::stop_token& stop) {
  Mutex mutex;
  std::condition_variable_any stopped;
  MutexLock lock(mutex);
  stopped.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace tidegauge
