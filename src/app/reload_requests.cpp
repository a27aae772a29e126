#include "app/reload_requests.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tidegauge::app {
namespace {

void tell(std::vector<ReloadRequests::Done> all, const Result<void>& outcome) {
  for (auto& done : all) done(outcome);
}

Result<void> stopping() {
  return fail(Errc::closed, "the daemon is stopping");
}

}  // namespace

void ReloadRequests::request(Done done) {
  {
    const MutexLock lock(mutex_);
    if (!stopping_) {
      is_requested_ = true;
      if (done) waiting_.push_back(std::move(done));
      changed_.notify_all();
      return;
    }
  }
  if (done) done(stopping());
}

void ReloadRequests::stop() {
  std::vector<Done> all;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    all = std::exchange(waiting_, {});
    std::ranges::move(std::exchange(in_progress_, {}), std::back_inserter(all));
    changed_.notify_all();
  }
  tell(std::move(all), stopping());
}

ReloadRequests::Next ReloadRequests::wait() {
  MutexLock lock(mutex_);
  changed_.wait(lock.native(), [this]() REQUIRES(mutex_) { return stopping_ || is_requested_; });
  if (stopping_) return Next::stop;
  is_requested_ = false;
  in_progress_ = std::exchange(waiting_, {});
  return Next::reload;
}

void ReloadRequests::finished(const Result<void>& outcome) {
  std::vector<Done> all;
  {
    const MutexLock lock(mutex_);
    all = std::exchange(in_progress_, {});
  }
  tell(std::move(all), outcome);
}

}  // namespace tidegauge::app
