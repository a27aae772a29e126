#pragma once

// The pools that ours is measured against: the textbook ways to lend out N slots. Each has
// `acquire(deadline)`, which says whether it got one, and `release`.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <semaphore>

#include "tidegauge/util/time.h"

namespace tidegauge::bench {

/// A mutex and a condition variable that all waiters share: whoever runs first gets the slot.
class SharedConditionPool {
 public:
  explicit SharedConditionPool(std::uint32_t slots) : free_(slots) {}
  bool acquire(SteadyTime deadline);
  void release();

 private:
  std::mutex mutex_;
  std::condition_variable released_;
  std::uint32_t free_;
};

/// A counting semaphore, as the standard library has it.
class SemaphorePool {
 public:
  explicit SemaphorePool(std::uint32_t slots) : free_(slots) {}
  bool acquire(SteadyTime deadline) { return free_.try_acquire_until(deadline); }
  void release() { free_.release(); }

 private:
  std::counting_semaphore<1024> free_;
};

/// Strictly first come, first served: every slot released is handed to the head of the queue.
class StrictFifoPool {
 public:
  explicit StrictFifoPool(std::uint32_t slots) : free_(slots) {}
  bool acquire(SteadyTime deadline);
  void release();

 private:
  struct Waiter {
    std::condition_variable wake;
    bool granted = false;
  };
  std::mutex mutex_;
  std::deque<Waiter*> queue_;
  std::uint32_t free_;
};

}  // namespace tidegauge::bench
