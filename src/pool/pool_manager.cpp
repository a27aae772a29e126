#include "tidegauge/pool/pool_manager.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>

namespace tidegauge::pool {
namespace {

int poll_timeout(SteadyTime until) {
  constexpr auto longest = std::chrono::minutes{1};
  const auto left = std::clamp<std::chrono::nanoseconds>(until - steady_now(), {}, longest);
  return static_cast<int>(std::chrono::ceil<Milliseconds>(left).count());
}

}  // namespace

PoolManager::PoolManager(const std::vector<config::EndpointConfig>& endpoints,
                         const config::PoolConfig& options, const MakeTransport& make_transport,
                         Logger& logger, ThreadGuard& guard) {
  for (const auto& endpoint : endpoints) {
    auto address = endpoint.address;
    address.pid_file = endpoint.engine_pid_file;
    pools_.push_back(std::make_unique<ConnectionPool>(endpoint.name, address, options,
                                                      make_transport(address, endpoint.tls), logger,
                                                      [wakeup = wakeup_] { wakeup->signal(); }));
  }
  maintenance_ = std::jthread([this, &guard](const std::stop_token& stop) {
    guard.run("maintenance", stop, [&] { maintain(stop); });
  });
}

PoolManager::~PoolManager() {
  close_all(Milliseconds{0});
}

ConnectionPool& PoolManager::pool(std::string_view endpoint) noexcept {
  const auto found = std::ranges::find(pools_, endpoint, &ConnectionPool::name);
  if (found == pools_.end()) std::abort();
  return **found;
}

std::vector<model::PoolStats> PoolManager::stats() const {
  std::vector<model::PoolStats> stats;
  for (const auto& pool : pools_) stats.push_back(pool->stats());
  return stats;
}

std::vector<std::pair<std::string, std::vector<model::SlotStats>>> PoolManager::slots() const {
  std::vector<std::pair<std::string, std::vector<model::SlotStats>>> slots;
  for (const auto& pool : pools_) slots.emplace_back(pool->name(), pool->slots());
  return slots;
}

CloseReport PoolManager::close_all(Milliseconds grace) {
  maintenance_.request_stop();
  wakeup_->signal();
  if (maintenance_.joinable()) maintenance_.join();
  const auto deadline = steady_now() + grace;
  CloseReport report;
  for (const auto& pool : pools_) {
    for (auto& holder : pool->close(deadline)) report.push_back(pool->name() + ": " + holder);
  }
  return report;
}

void PoolManager::maintain(const std::stop_token& stop) {
  PollSet poll_set;
  while (!stop.stop_requested()) {
    wakeup_->drain();
    poll_set.descriptors.assign({{.fd = wakeup_->fd(), .events = POLLIN, .revents = 0}});
    poll_set.until = SteadyTime::max();
    for (const auto& pool : pools_) pool->maintain(steady_now(), poll_set);
    ::poll(poll_set.descriptors.data(), poll_set.descriptors.size(), poll_timeout(poll_set.until));
  }
}

}  // namespace tidegauge::pool
