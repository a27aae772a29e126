#include "tidegauge/pool/pool_manager.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace tidegauge::pool {
namespace {

constexpr Milliseconds longest_round{1000};  // maintenance never blocks

int poll_timeout(SteadyTime until) {
  constexpr auto longest = std::chrono::minutes{1};
  const auto left = std::clamp<std::chrono::nanoseconds>(until - steady_now(), {}, longest);
  return static_cast<int>(std::chrono::ceil<Milliseconds>(left).count());
}

}  // namespace

PoolManager::PoolManager(const std::vector<config::EndpointConfig>& endpoints,
                         const config::PoolConfig& options, MakeTransport make_transport,
                         Logger& logger, ThreadGuard& guard, Heartbeats* heartbeats)
    : make_transport_(std::move(make_transport)), logger_(logger) {
  for (const auto& endpoint : endpoints) add(endpoint, options);
  maintenance_ = std::jthread([this, &guard, heartbeats](const std::stop_token& stop) {
    guard.run("maintenance", stop, [&] { maintain(heartbeats, stop); });
  });
}

PoolManager::~PoolManager() {
  close_all(Milliseconds{0});
}

void PoolManager::add(const config::EndpointConfig& endpoint, const config::PoolConfig& options) {
  auto address = endpoint.address;
  address.pid_file = endpoint.engine_pid_file;
  auto pool = std::make_shared<ConnectionPool>(endpoint.name, address, options,
                                               make_transport_(address, endpoint.tls), logger_,
                                               [wakeup = wakeup_] { wakeup->signal(); });
  {
    const MutexLock lock(mutex_);
    pools_.push_back(std::move(pool));
  }
  wakeup_->signal();
}

/// Maintenance and the end of a pool must not run at the same time.
CloseReport PoolManager::remove(std::string_view endpoint, Milliseconds grace) {
  std::shared_ptr<ConnectionPool> removed;
  {
    MutexLock lock(mutex_);
    const auto found = std::ranges::find(pools_, endpoint, &ConnectionPool::name);
    if (found == pools_.end()) return {};
    removed = *found;
    pools_.erase(found);
    const bool has_ended = round_ended_.wait_for(
        lock.native(), longest_round, [this]() REQUIRES(mutex_) { return !maintaining_; });
    if (!has_ended) {
      left_over_.push_back(std::move(removed));
      return {};
    }
  }
  wakeup_->signal();  // it may wait for the sockets of that pool
  return removed->close(steady_now() + grace);
}

ConnectionPool& PoolManager::pool(std::string_view endpoint) noexcept {
  const MutexLock lock(mutex_);
  const auto found = std::ranges::find(pools_, endpoint, &ConnectionPool::name);
  if (found == pools_.end()) std::abort();
  return **found;
}

PoolManager::Pools PoolManager::pools() const {
  const MutexLock lock(mutex_);
  return pools_;
}

std::vector<model::PoolStats> PoolManager::stats() const {
  std::vector<model::PoolStats> stats;
  for (const auto& pool : pools()) stats.push_back(pool->stats());
  return stats;
}

std::vector<std::pair<std::string, std::vector<model::SlotStats>>> PoolManager::slots() const {
  std::vector<std::pair<std::string, std::vector<model::SlotStats>>> slots;
  for (const auto& pool : pools()) slots.emplace_back(pool->name(), pool->slots());
  return slots;
}

CloseReport PoolManager::close_all(Milliseconds grace) {
  maintenance_.request_stop();
  wakeup_->signal();
  if (maintenance_.joinable()) maintenance_.join();
  auto all = pools();
  {
    const MutexLock lock(mutex_);
    std::ranges::copy(left_over_, std::back_inserter(all));
  }
  const auto deadline = steady_now() + grace;
  CloseReport report;
  for (const auto& pool : all) {
    for (auto& holder : pool->close(deadline)) report.push_back(pool->name() + ": " + holder);
  }
  return report;
}

void PoolManager::maintain(Heartbeats* heartbeats, const std::stop_token& stop) {
  Heartbeats::Loop loop(heartbeats);
  PollSet poll_set;
  while (!stop.stop_requested()) {
    wakeup_->drain();
    poll_set.descriptors.assign({{.fd = wakeup_->fd(), .events = POLLIN, .revents = 0}});
    poll_set.until = SteadyTime::max();
    maintain_all(poll_set);
    const auto timeout = poll_timeout(loop.beat(poll_set.until));
    ::poll(poll_set.descriptors.data(), poll_set.descriptors.size(), timeout);
  }
}

/// One round. What a pool throws ends it.
void PoolManager::maintain_all(PollSet& poll_set) {
  Pools round;
  {
    const MutexLock lock(mutex_);
    round = pools_;
    maintaining_ = true;
  }
  const auto end_round = [this] {
    const MutexLock lock(mutex_);
    maintaining_ = false;
    round_ended_.notify_all();
  };
  try {
    for (const auto& pool : round) pool->maintain(steady_now(), poll_set);
  } catch (...) {
    end_round();
    throw;
  }
  round.clear();
  end_round();
}

}  // namespace tidegauge::pool
