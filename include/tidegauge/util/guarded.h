#pragma once

// Data together with the mutex that guards it, so that neither is used without the other:
//
//   Guarded<std::vector<int>> numbers;
//   numbers.with([](auto& n) { n.push_back(1); });
//
// The function runs under the lock: keep it short, without I/O. It must not return a reference to
// the data. Thread-safe.

#include <utility>

#include "tidegauge/util/mutex.h"

namespace tidegauge {

template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <class F>
  decltype(auto) with(F&& function) {
    const MutexLock lock(mutex_);
    return std::forward<F>(function)(value_);
  }

  template <class F>
  decltype(auto) with(F&& function) const {
    const MutexLock lock(mutex_);
    return std::forward<F>(function)(value_);
  }

 private:
  mutable Mutex mutex_;
  T value_ GUARDED_BY(mutex_){};
};

}  // namespace tidegauge
