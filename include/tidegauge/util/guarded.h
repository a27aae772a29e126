#pragma once

// Data and the mutex that guards it as one object, so that neither is used without the other:
//
//   Guarded<std::vector<int>> numbers;
//   numbers.with([](auto& n) { n.push_back(1); });
//
// The function runs under the lock: keep it short, no I/O in it.

#include <mutex>
#include <utility>

namespace tidegauge {

template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <class F>
  decltype(auto) with(F&& function) {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(function)(value_);
  }

  template <class F>
  decltype(auto) with(F&& function) const {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(function)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace tidegauge
