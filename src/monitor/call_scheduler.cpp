#include "monitor/call_scheduler.h"

#include <algorithm>

namespace tidegauge::monitor {

CallScheduler::CallScheduler(std::uint32_t initial, std::uint32_t max, ThreadGuard& guard,
                             Work work)
    : guard_(guard), work_(std::move(work)), control_(initial, max) {
  set_limits(initial, max);
}

CallScheduler::~CallScheduler() {
  for (auto& thread : threads_) thread.request_stop();
}

void CallScheduler::set_limits(std::uint32_t initial, std::uint32_t max) {
  {
    const MutexLock lock(mutex_);
    if (std::exchange(initial_, initial) == initial && max_ == max) return;
    max_ = max;
    control_ = InFlightControl(initial, max);
  }
  wanted_.notify_all();  // those beyond the maximum end
  sooner_.notify_all();
  for (std::size_t index = 0; index < max; ++index) ensure_thread(index);
}

void CallScheduler::ensure_thread(std::size_t index) {
  {
    const MutexLock lock(mutex_);
    if (!serving_.insert(index).second) return;
  }
  try {
    if (index >= threads_.size()) threads_.resize(index + 1);
    threads_[index] = std::jthread([this, index](const std::stop_token& stop) {
      guard_.run("scheduler", stop, [&] { serve(index, stop); });
    });  // joins one that has ended
  } catch (...) {
    const MutexLock lock(mutex_);
    serving_.erase(index);
    throw;
  }
}

void CallScheduler::schedule(Task task) {
  const MutexLock lock(mutex_);
  const Key key{task.call, task.id};
  if (const auto known = queued_.find(key); known != queued_.end()) {
    if (known->second.first <= task.due) return;
    queue_.erase(known->second);
  }
  const Order order{task.due, ++scheduled_};
  queued_[key] = order;
  wake_for(task.due);
  queue_.emplace(order, std::move(task));
}

/// The thread with the alarm looks at the queue again where its alarm is too late; where no thread
/// has one, an idle thread takes it.
void CallScheduler::wake_for(SteadyTime due) {
  if (!alarm_) {
    wanted_.notify_one();
  } else if (due < *alarm_) {
    sooner_.notify_one();
  }
}

void CallScheduler::cancel_pending() {
  {
    const MutexLock lock(mutex_);
    queue_.clear();
    queued_.clear();
  }
  done_.notify_all();
}

void CallScheduler::wait_until_idle(const std::stop_token& stop) {
  MutexLock lock(mutex_);
  done_.wait(lock, stop, [this]() REQUIRES(mutex_) { return idle(steady_now()); });
}

bool CallScheduler::idle(SteadyTime now) const {
  return in_progress_.empty() && (queue_.empty() || queue_.begin()->first.first > now);
}

void CallScheduler::answered(SteadyTime::duration took) {
  {
    const MutexLock lock(mutex_);
    const auto before = control_.limit();
    if (in_progress_.size() < before) return;  // its time says nothing of the limit
    control_.answered(took);
    if (control_.limit() <= before) return;
  }
  wanted_.notify_all();
}

std::uint32_t CallScheduler::limit() const {
  const MutexLock lock(mutex_);
  return control_.limit();
}

void CallScheduler::serve(std::size_t index, const std::stop_token& stop) {
  MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    if (index >= max_) {
      serving_.erase(index);
      wanted_.notify_one();  // this thread may have been notified of a task
      return;
    }
    const auto next = next_task();
    if (next == queue_.end() || next->first.first > steady_now()) {
      wait_for_work(lock, index, stop);
      continue;
    }
    const auto task = std::move(next->second);
    const Key key{task.call, task.id};
    queue_.erase(next);
    queued_.erase(key);
    in_progress_.insert(key);
    lock.unlock();
    wanted_.notify_one();  // there may be more
    static_cast<void>(guard_.run_once("scheduler", [&] { work_(task, stop); }));
    lock.lock();
    in_progress_.erase(key);
    if (idle(steady_now())) done_.notify_all();
  }
}

/// The first that may be begun when it is due; the end where none may.
std::map<CallScheduler::Order, CallScheduler::Task>::iterator CallScheduler::next_task() {
  if (in_progress_.size() >= control_.limit()) return queue_.end();
  return std::ranges::find_if(queue_, [this](const auto& queued) REQUIRES(mutex_) {
    const auto& task = queued.second;
    return std::ranges::none_of(in_progress_, [&task](const Key& key) {  // without a copy of the id
      return key.first == task.call && key.second == task.id;
    });
  });
}

/// One idle thread sets its alarm to the time when the next task is due, and the others wait until
/// it takes that task. A call that ends may make a task possible that is due before the alarm: it
/// was asked for while the same call was in progress.
void CallScheduler::wait_for_work(MutexLock& lock, std::size_t index, const std::stop_token& stop) {
  const auto next = next_task();
  if (next == queue_.end() || alarm_) {
    if (next != queue_.end()) wake_for(next->first.first);
    wanted_.wait(lock, stop, [&]() REQUIRES(mutex_) {
      return index >= max_ || (!alarm_ && next_task() != queue_.end());
    });
    return;
  }
  const auto due = next->first.first;
  alarm_ = due;
  sooner_.wait_until(lock, stop, due, [&]() REQUIRES(mutex_) {
    const auto now_next = next_task();
    return index >= max_ || (now_next != queue_.end() && now_next->first.first < due);
  });
  alarm_.reset();
}

}  // namespace tidegauge::monitor
