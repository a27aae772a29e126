#include "monitor/crew.h"

#include <algorithm>

namespace tidegauge::monitor {

Crew::Crew(std::uint32_t initial, std::uint32_t most, Work work)
    : work_(std::move(work)), control_(initial, most) {
  for (std::uint32_t i = 0; i < most; ++i) {
    threads_.emplace_back([this](const std::stop_token& stop) { serve(stop); });
  }
}

Crew::~Crew() {
  for (auto& thread : threads_) thread.request_stop();
}

void Crew::ask(Task task) {
  {
    const std::lock_guard lock(mutex_);
    const Key key{task.call, task.id};
    if (const auto known = queued_.find(key); known != queued_.end()) {
      if (known->second.first <= task.due) return;
      queue_.erase(known->second);
    }
    const Order order{task.due, ++asked_};
    queued_[key] = order;
    queue_.emplace(order, std::move(task));
  }
  wanted_.notify_one();
}

void Crew::drop_all() {
  {
    const std::lock_guard lock(mutex_);
    queue_.clear();
    queued_.clear();
  }
  done_.notify_all();
}

void Crew::wait_until_idle(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  done_.wait(lock, stop, [this] { return idle(steady_now()); });
}

bool Crew::idle(SteadyTime now) const {
  return in_progress_.empty() && (queue_.empty() || queue_.begin()->first.first > now);
}

void Crew::answered(SteadyTime::duration took) {
  {
    const std::lock_guard lock(mutex_);
    const auto before = control_.limit();
    if (in_progress_.size() < before) return;  // its time says nothing of the limit
    control_.answered(took);
    if (control_.limit() <= before) return;
  }
  wanted_.notify_all();
}

std::uint32_t Crew::limit() const {
  const std::lock_guard lock(mutex_);
  return control_.limit();
}

void Crew::serve(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto due = next_due(steady_now());
    if (due == queue_.end()) {
      wait_for_work(lock, stop);
      continue;
    }
    const auto task = std::move(due->second);
    const Key key{task.call, task.id};
    queue_.erase(due);
    queued_.erase(key);
    in_progress_.insert(key);
    lock.unlock();
    wanted_.notify_one();  // there may be more
    work_(task, stop);
    lock.lock();
    in_progress_.erase(key);
    if (idle(steady_now())) done_.notify_all();
  }
}

/// What may be begun now; the end where nothing may.
std::map<Crew::Order, Crew::Task>::iterator Crew::next_due(SteadyTime now) {
  if (in_progress_.size() >= control_.limit()) return queue_.end();
  const auto end = queue_.upper_bound({now, UINT64_MAX});
  const auto found = std::find_if(queue_.begin(), end, [this](const auto& queued) {
    return !in_progress_.contains({queued.second.call, queued.second.id});
  });
  return found == end ? queue_.end() : found;
}

void Crew::wait_for_work(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  const auto asked = asked_;
  const auto limited = [this] { return in_progress_.size() >= control_.limit(); };
  if (timed_ || queue_.empty() || limited()) {
    wanted_.wait(lock, stop,
                 [&] { return asked_ != asked || (!timed_ && !queue_.empty() && !limited()); });
    return;
  }
  timed_ = true;
  const auto due = std::max(queue_.begin()->first.first, steady_now() + Milliseconds{1});
  wanted_.wait_until(lock, stop, due, [&] { return asked_ != asked; });
  timed_ = false;
}

}  // namespace tidegauge::monitor
