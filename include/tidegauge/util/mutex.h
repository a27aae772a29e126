#pragma once

// A std::mutex and its lock that clang's thread-safety analysis understands, which those of the
// standard library are not; see tidegauge/util/thread_annotations.h.
//
//   const MutexLock lock(mutex_);                                  // to the end of the scope
//   changed_.wait_until(lock.native(), deadline);                  // std::condition_variable
//   changed_.wait(lock, stop, [this]() REQUIRES(mutex_) { ... });  // std::condition_variable_any
//
// Data with a single mutex of its own is simpler in a `Guarded` (tidegauge/util/guarded.h).

#include <mutex>

#include "tidegauge/util/thread_annotations.h"

namespace tidegauge {

class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }
  bool try_lock() TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

/// Holds a Mutex from its construction to its destruction, except between `unlock` and `lock`. One
/// thread uses it. The mutex outlives it.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() RELEASE() {}  // NOLINT(modernize-use-equals-default): the attribute needs a body
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() ACQUIRE() { lock_.lock(); }
  void unlock() RELEASE() { lock_.unlock(); }

  /// For the `wait` functions of std::condition_variable, which return with the mutex held.
  [[nodiscard]] std::unique_lock<std::mutex>& native() noexcept { return lock_; }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace tidegauge
