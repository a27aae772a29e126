#include "baseline_pools.h"

#include <algorithm>

namespace tidegauge::bench {

bool SharedConditionPool::acquire(SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  if (!released_.wait_until(lock, deadline, [this] { return free_ > 0; })) return false;
  --free_;
  return true;
}

void SharedConditionPool::release() {
  {
    const std::lock_guard lock(mutex_);
    ++free_;
  }
  released_.notify_one();
}

bool StrictFifoPool::acquire(SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  if (free_ > 0 && queue_.empty()) {
    --free_;
    return true;
  }
  Waiter waiter;
  queue_.push_back(&waiter);
  if (waiter.wake.wait_until(lock, deadline, [&] { return waiter.granted; })) return true;
  std::erase(queue_, &waiter);
  return false;
}

void StrictFifoPool::release() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) {
    ++free_;
    return;
  }
  auto* const head = queue_.front();
  queue_.pop_front();
  head->granted = true;
  head->wake.notify_one();
}

}  // namespace tidegauge::bench
