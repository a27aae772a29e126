#pragma once

// The response to a request whose handler may still be working when the thread of the HTTP library
// has other connections to serve. The request is suspended until the response is there.
//
// Both sides share it: the library's thread and whoever responds. Thread-safe.

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "tidegauge/util/mutex.h"
#include "tidegauge/web/messages.h"

namespace tidegauge::web {

class LateResponse {
 public:
  /// Sets the response, unless there is one already, and resumes the request if it is suspended.
  void set(Response response) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (is_set_) return;
    is_set_ = true;
    response_ = std::move(response);
    // Under the lock, so that nobody suspends between this look and the next.
    if (resume_) std::exchange(resume_, nullptr)();
  }

  /// Takes the response if there is one. Otherwise calls `suspend`; `resume` is called when the
  /// response is set.
  std::optional<Response> take_or_suspend(const std::function<void()>& suspend,
                                          std::function<void()> resume) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (response_) return std::exchange(response_, std::nullopt);
    suspend();
    resume_ = std::move(resume);
    return std::nullopt;
  }

  /// After the request was resumed.
  std::optional<Response> take() EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return std::exchange(response_, std::nullopt);
  }

 private:
  mutable Mutex mutex_;
  bool is_set_ GUARDED_BY(mutex_) = false;
  std::optional<Response> response_ GUARDED_BY(mutex_);
  std::function<void()> resume_ GUARDED_BY(mutex_);
};

/// A responder that sets `late`; where it is destroyed without a call, with status 503.
[[nodiscard]] inline Responder responder_of(std::shared_ptr<LateResponse> late) {
  struct Ending {
    explicit Ending(std::shared_ptr<LateResponse> response) : late(std::move(response)) {}
    Ending(Ending&& other) = default;
    Ending& operator=(Ending&&) = delete;
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    ~Ending() {
      if (late) late->set({.status = 503, .body = "not now\n"});
    }
    std::shared_ptr<LateResponse> late;
  };
  return [ending = Ending(std::move(late))](Response response) {
    ending.late->set(std::move(response));
  };
}

}  // namespace tidegauge::web
