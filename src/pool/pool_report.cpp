// How a pool stands: for metrics, the debug page, error messages and the log.

#include <algorithm>
#include <tuple>
#include <utility>

#include "pool/pool_state.h"

namespace tidegauge::pool {

model::PoolStats PoolState::stats() const {
  model::PoolStats stats;
  stats.endpoint = name;
  stats.connections_max = options.max_connections;
  stats.connections_min = options.min_connections;
  stats.open_sockets = transport->open_sockets();
  const auto now = steady_now();
  stats.quarantined = quarantine.with([now](const Quarantine& q) { return q.containers(now); });
  const MutexLock lock(mutex);
  count_slots(stats, now);
  stats.pending_requests = core.waiting();
  if (core.head() != nullptr) {
    stats.oldest_waiter_seconds = to_seconds(now - core.head()->holder.since);
  }
  stats.degraded = degraded;
  stats.circuit = breaker.state();
  if (breaker.cause()) {
    stats.next_probe_seconds = std::max(0.0, to_seconds(breaker.next_probe() - now));
  }
  stats.circuit_transitions = breaker.transitions();
  stats.connections_peak = core.peak();
  stats.expired_waiters_evicted = core.evicted();
  stats.barged = core.barged();
  stats.handed_off = core.handed_off();
  counters.copy_to(stats);
  return stats;
}

void PoolState::count_slots(model::PoolStats& stats, SteadyTime now) const {
  for (SlotIndex index = 0; index < core.slots().size(); ++index) {
    const auto& slot = core.slots()[index];
    if (slot.state == SlotState::idle) ++stats.connections_idle;
    if (slot.state == SlotState::maintaining) ++stats.connections_connecting;
    if (slot.state != SlotState::leased) continue;
    ++(core.is_stream_slot(index) ? stats.connections_stream : stats.connections_active);
    if (slot.leak_reported) ++stats.leaked_leases;
    stats.oldest_lease_seconds =
        std::max(stats.oldest_lease_seconds, to_seconds(now - slot.holder.since));
  }
}

std::vector<model::SlotStats> PoolState::slots() const {
  std::vector<Slot> copies;
  copies.reserve(slot_count);  // not under the mutex
  {
    const MutexLock lock(mutex);
    copies.assign(core.slots().begin(), core.slots().end());
  }
  const auto now = steady_now();
  std::vector<model::SlotStats> all;
  for (SlotIndex index = 0; index < copies.size(); ++index) {
    const auto& slot = copies[index];
    const bool leased = slot.state == SlotState::leased;
    all.push_back({.slot = index,
                   .state = std::string(to_string(slot.state)),
                   .for_streams = index >= options.max_connections && index != probe_slot,
                   .connected = slot.connected,
                   .uses = slot.uses,
                   .holder = leased ? describe_holder(slot.holder, now) : std::string()});
  }
  return all;
}

PoolSummary PoolState::summary() const {
  PoolSummary summary{.endpoint = name,
                      .slots = core.request_slots(),
                      .stream_slots = options.max_streams,
                      .leased = core.leased(),
                      .waiting = core.waiting(),
                      .cause = breaker.cause(),
                      .cause_since = breaker.cause_since(),
                      .next_probe = breaker.next_probe()};
  std::array<const Slot*, std::tuple_size_v<decltype(summary.oldest)>> oldest{};
  for (const auto& slot : core.slots()) {
    const auto* next = slot.state == SlotState::leased ? &slot : nullptr;
    for (auto& place : oldest) {
      if (next == nullptr) break;
      if (place == nullptr || next->holder.since < place->holder.since) std::swap(place, next);
    }
  }
  for (const auto* slot : oldest) {
    if (slot != nullptr) summary.oldest[summary.oldest_count++] = slot->holder;
  }
  return summary;
}

void PoolState::log_leak(const Holder& holder, SteadyTime now) const {
  logger.warn("connection is held for too long",
              {{"endpoint", name}, {"holder", describe_holder(holder, now)}});
}

void PoolState::log_degraded(bool is_degraded) const {
  if (is_degraded) {
    logger.warn("engine answers pings, but calls get stuck; fewer calls are made at the same time",
                {{"endpoint", name}});
  } else {
    logger.info("calls no longer get stuck", {{"endpoint", name}});
  }
}

}  // namespace tidegauge::pool
