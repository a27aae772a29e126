#pragma once

// Attributes for clang's thread-safety analysis (-Wthread-safety), which checks at compile time
// that data is used only under its mutex. Other compilers see nothing. For every class that has a
// mutex, together with `Mutex` and `MutexLock` of tidegauge/util/mutex.h:
//
//   class Counter {
//    public:
//     void add() EXCLUDES(mutex_);
//
//    private:
//     void add_one() REQUIRES(mutex_) { ++count_; }
//
//     Mutex mutex_;
//     int count_ GUARDED_BY(mutex_) = 0;
//   };
//
// A lambda is a function of its own, which needs the attribute too:
//
//   changed_.wait(lock, [this]() REQUIRES(mutex_) { return count_ > 0; });

#if defined(__clang__)
#define TIDEGAUGE_ATTRIBUTE(x) __attribute__((x))
#else
#define TIDEGAUGE_ATTRIBUTE(x)
#endif

/// A class that is a lock, and a class whose objects hold a lock for as long as they live.
#define CAPABILITY(name) TIDEGAUGE_ATTRIBUTE(capability(name))
#define SCOPED_CAPABILITY TIDEGAUGE_ATTRIBUTE(scoped_lockable)

/// A member that is used only under `mutex`, and a pointer whose target is used only under it.
#define GUARDED_BY(mutex) TIDEGAUGE_ATTRIBUTE(guarded_by(mutex))
#define PT_GUARDED_BY(mutex) TIDEGAUGE_ATTRIBUTE(pt_guarded_by(mutex))

/// A function whose caller holds the mutex, and one whose caller must not hold it.
#define REQUIRES(...) TIDEGAUGE_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) TIDEGAUGE_ATTRIBUTE(locks_excluded(__VA_ARGS__))

/// A function that locks or unlocks. Without an argument: the lock that the object itself is or
/// holds. `result` is what TRY_ACQUIRE returns where it has locked.
#define ACQUIRE(...) TIDEGAUGE_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) TIDEGAUGE_ATTRIBUTE(release_capability(__VA_ARGS__))
#define TRY_ACQUIRE(result, ...) \
  TIDEGAUGE_ATTRIBUTE(try_acquire_capability(result __VA_OPT__(, ) __VA_ARGS__))

/// A function that returns a reference to `mutex`.
#define RETURN_CAPABILITY(mutex) TIDEGAUGE_ATTRIBUTE(lock_returned(mutex))

/// Turns the analysis off in one function. Say why at each use.
#define NO_THREAD_SAFETY_ANALYSIS TIDEGAUGE_ATTRIBUTE(no_thread_safety_analysis)
