#pragma once

// Brings requests to reload the configuration, and the request to stop, to the main thread:
//
//   while (requests.wait() == ReloadRequests::Next::reload) requests.finished(reload());
//
// Requests that come while a reload is in progress are all answered by the one after it, so that a
// storm of them costs little. A stop comes before any reload.
//
// Thread-safe; `wait` and `finished` are for the main thread.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <vector>

#include "tidegauge/model/error.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"

namespace tidegauge::app {

class ReloadRequests {
 public:
  using Done = std::move_only_function<void(const Result<void>&)>;

  /// Asks for a reload that begins after this call. `done`, if any, is called once with what came
  /// of it, by the main thread; after `stop` the outcome is Errc::closed, and the caller of `stop`
  /// or of this function calls it.
  void request(Done done = nullptr) EXCLUDES(mutex_);
  void stop() EXCLUDES(mutex_);

  enum class Next : std::uint8_t { reload, stop };
  /// Waits for what the main thread is to do next.
  [[nodiscard]] Next wait() EXCLUDES(mutex_);
  /// The reload of the last `wait` has ended.
  void finished(const Result<void>& outcome) EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool is_requested_ GUARDED_BY(mutex_) = false;
  std::vector<Done> waiting_ GUARDED_BY(mutex_);      ///< for the next reload
  std::vector<Done> in_progress_ GUARDED_BY(mutex_);  ///< for the reload of the last `wait`
};

}  // namespace tidegauge::app
