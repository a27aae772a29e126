// The slots of a pool: acquire, prepare, release, close.

#include "pool/pool_state.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <utility>

namespace tidegauge::pool {

using model::AcquireFailure;
using model::CloseReason;

namespace {

constexpr auto abort_grace = std::chrono::seconds{1};

}  // namespace

PoolState::PoolState(std::string pool_name, const model::EngineAddress& engine_address,
                     const config::PoolConfig& pool_options,
                     std::unique_ptr<http::Transport> pool_transport, Logger& pool_logger,
                     std::function<void()> wake)
    : name(std::move(pool_name)),
      address(engine_address),
      options(pool_options),
      logger(pool_logger),
      transport(std::move(pool_transport)),
      probe_slot(options.max_connections + options.max_streams),
      slot_count(std::size_t{probe_slot} + 1),
      core(options, options.max_streams, std::random_device{}()),
      breaker(options.tuning, std::random_device{}()),
      connections(slot_count),
      quarantine(Quarantine(options.tuning)),
      wake_(std::move(wake)) {}

// --- acquire -------------------------------------------------------------------------------------

Result<SlotIndex> PoolState::acquire(const CallTag& tag, SteadyTime deadline,
                                     const std::stop_token& stop,
                                     const std::source_location& place) {
  if (auto error = quarantine_error(tag)) return fail(std::move(*error));
  const auto asked = steady_now();
  Waiter waiter;
  waiter.holder = make_holder(tag, place, asked);
  waiter.deadline = deadline;
  std::optional<Refusal> refused;
  {
    const MutexLock lock(mutex);
    auto failure = refusal();
    if (!failure && stop.stop_requested()) failure = AcquireFailure::cancelled;
    if (!failure && asked >= deadline) failure = AcquireFailure::timeout;
    if (!failure) {
      const auto outcome = core.take_or_queue(waiter, asked);
      if (outcome == LeaseCore::Outcome::taken) {
        counters.count_acquired({});
        return *waiter.granted;
      }
      if (outcome == LeaseCore::Outcome::queue_full) failure = AcquireFailure::queue_full;
    }
    if (failure) refused = refuse(*failure, asked);
  }
  if (refused) return fail(explain(*refused, tag));
  return wait_for_slot(waiter, tag, stop);
}

Result<SlotIndex> PoolState::acquire_for_stream(const CallTag& tag, const std::stop_token& stop,
                                                const std::source_location& place) {
  if (auto error = quarantine_error(tag)) return fail(std::move(*error));
  const auto asked = steady_now();
  std::optional<Refusal> refused;
  {
    const MutexLock lock(mutex);
    auto failure = refusal();
    if (!failure && stop.stop_requested()) failure = AcquireFailure::cancelled;
    if (!failure) {
      if (const auto slot = core.take_for_stream(make_holder(tag, place, asked), asked)) {
        ++counters.acquired;
        return *slot;
      }
      failure = AcquireFailure::queue_full;
    }
    refused = refuse(*failure, asked);
  }
  return fail(explain(*refused, tag));
}

/// The refusal of a call about a container in quarantine.
std::optional<Error> PoolState::quarantine_error(const CallTag& tag) {
  if (tag.key.empty() || tag.takes_long || !any_in_quarantine_) return std::nullopt;
  const auto now = steady_now();
  const auto refusal = quarantine.with([&](Quarantine& q) { return q.refusal(tag.key, now); });
  if (!refusal) return std::nullopt;
  const bool stuck = refusal->cause == Quarantine::Cause::stuck;
  const MutexLock lock(mutex);
  ++counters.failures[static_cast<std::size_t>(AcquireFailure::quarantined)];
  return Error{Errc::quarantined, "calls about container " + std::string(tag.key.substr(0, 12)) +
                                      (stuck ? " got stuck" : " failed, and others did not") +
                                      "; the next may go in " + seconds_text(refusal->until - now)};
}

/// Why no caller gets a connection now; absent where callers do.
std::optional<AcquireFailure> PoolState::refusal() const {
  if (closing_) return AcquireFailure::closed;
  if (!breaker.cause()) return std::nullopt;
  return blames_configuration(breaker.cause()->code) ? AcquireFailure::misconfigured
                                                     : AcquireFailure::down;
}

Result<SlotIndex> PoolState::wait_for_slot(Waiter& waiter, const CallTag& tag,
                                           const std::stop_token& stop) {
  const auto asked = waiter.holder.since;
  // Constructed and destroyed without the mutex, which the callback locks.
  const std::stop_callback wake(stop, [this, &waiter] {
    const MutexLock lock(mutex);
    waiter.condition->notify_one();
  });
  MutexLock lock(mutex);
  while (true) {
    const auto now = steady_now();
    const bool settled = core.settle(waiter, now);
    auto failure = waiter.failed;
    if (!failure && stop.stop_requested()) failure = AcquireFailure::cancelled;
    if (!failure && now >= waiter.deadline) failure = AcquireFailure::timeout;
    if (failure) {
      core.leave(waiter, now);  // a slot that was granted too late goes to the next waiter
      const auto refused = refuse(*failure, asked);
      lock.unlock();
      return fail(explain(refused, tag));
    }
    if (settled) {
      counters.count_acquired(now - asked);
      return *waiter.granted;
    }
    waiter.condition->wait_until(lock.native(), waiter.deadline);
  }
}

/// Counts a caller that gets no connection, and copies what `explain` needs.
PoolState::Refusal PoolState::refuse(AcquireFailure failure, SteadyTime asked) {
  const auto waited = steady_now() - asked;
  counters.count_refused(failure, waited);
  return {.failure = failure, .waited = waited, .summary = summary()};
}

Error PoolState::explain(const Refusal& refusal, const CallTag& tag) {
  if (any_in_quarantine_ && !tag.takes_long) {
    quarantine.with([&](Quarantine& q) { q.ended_otherwise(tag.key); });
  }
  return describe_refusal(refusal.failure, tag.call_class, refusal.waited, refusal.summary);
}

// --- prepare and release -------------------------------------------------------------------------

http::Connection& PoolState::prepare(SlotIndex index) {
  auto* connection = connection_of(index);
  if (connection == nullptr) {
    auto made = transport->make();
    connection = made.get();
    const MutexLock lock(mutex);
    connections[index] = std::move(made);
    return *connection;
  }
  if (connection->fd() < 0) return *connection;
  const auto& slot = held_slot(index);
  if (slot.holder.since >= slot.expires) {
    close_socket(index, CloseReason::lifetime);
  } else if (!connection->alive()) {
    close_socket(index, CloseReason::peer_closed);
  }
  return *connection;
}

void PoolState::release(SlotIndex index) noexcept {
  const auto* const connection = connection_of(index);
  const bool connected = connection != nullptr && connection->fd() >= 0;
  const auto now = steady_now();
  std::optional<Holder> leaked;
  WaiterCondition condition;
  {
    MutexLock lock(mutex);
    const auto& slot = core.slots()[index];
    const auto useless = reason_to_close(slot);
    if (useless && connected) {
      // A local socket closes in microseconds. The slot stays lent until the socket is closed.
      lock.unlock();
      close_socket(index, *useless);
      lock.lock();
    }
    counters.use[static_cast<std::size_t>(slot.holder.call_class)].observe(
        to_seconds(now - slot.holder.since));
    if (slot.leak_reported) {
      leaked = slot.holder;
      ++counters.leaks_recovered;
    }
    condition = core.release(index, connected && !useless, now);
    if (closing_) changed_.notify_all();
  }
  if (condition) condition->notify_one();
  if (leaked) {
    logger.info("leaked connection is released after all",
                {{"endpoint", name}, {"holder", describe_holder(*leaked, now)}});
  }
}

/// Why the socket of a slot that is released must not be used again.
std::optional<CloseReason> PoolState::reason_to_close(const Slot& slot) const {
  if (breaker.cause() || core.outdated(slot)) return CloseReason::reset;
  if (closing_) return CloseReason::shutdown;
  return std::nullopt;
}

void PoolState::close_socket(SlotIndex index, CloseReason reason) {
  connection_of(index)->close();
  const MutexLock lock(mutex);
  auto& slot = core.slots()[index];
  if (!std::exchange(slot.connected, false)) return;
  counters.count_closed(reason);
}

void PoolState::record_transfer(SlotIndex index, CloseReason reason) {
  const auto& connection = *connection_of(index);
  const auto& transfer = connection.last_transfer();
  if (!transfer.connect_time && connection.fd() >= 0) return;  // nothing opened, nothing closed
  const MutexLock lock(mutex);
  auto& slot = core.slots()[index];
  if (transfer.connect_time) {
    if (slot.connected) {
      counters.count_closed(CloseReason::peer_closed);
      ++counters.silent_reconnects;
    }
    slot.connected = true;
    counters.count_opened(*transfer.connect_time);
    core.record_connected(index, steady_now());
  }
  if (slot.connected && connection.fd() < 0) {
    slot.connected = false;
    counters.count_closed(reason);
  }
}

void PoolState::count_stale_retry() {
  const MutexLock lock(mutex);
  ++counters.stale_retries;
}

// --- close ---------------------------------------------------------------------------------------

CloseReport PoolState::close(SteadyTime deadline) {
  std::vector<SlotIndex> free;
  bool is_first = false;
  {
    const MutexLock lock(mutex);
    is_first = !std::exchange(closing_, true);
    core.fail_waiters(AcquireFailure::closed);
    free = claim_all_free();
  }
  for (const auto slot : free) {
    if (connection_of(slot) != nullptr) close_socket(slot, CloseReason::shutdown);
  }
  if (is_first && !wait_for_leases(deadline)) {
    for (auto* const connection : all_lent()) connection->abort(Errc::closed);
    wait_for_leases(steady_now() + abort_grace);
  }
  CloseReport report;
  const auto now = steady_now();
  for (const auto& holder : holders()) report.push_back(describe_holder(holder, now));
  return report;
}

std::vector<SlotIndex> PoolState::claim_all_free() {
  std::vector<SlotIndex> free;
  for (SlotIndex slot = 0; slot < core.slots().size(); ++slot) {
    if (core.claim(slot)) free.push_back(slot);
  }
  return free;
}

/// Whether all leases have been returned when the wait ends.
bool PoolState::wait_for_leases(SteadyTime deadline) {
  MutexLock lock(mutex);
  while (is_any_lent() && steady_now() < deadline) changed_.wait_until(lock.native(), deadline);
  return !is_any_lent();
}

bool PoolState::is_any_lent() const {
  return std::ranges::any_of(core.slots(),
                             [](const Slot& s) { return s.state == SlotState::leased; });
}

std::vector<http::Connection*> PoolState::all_lent() const {
  const MutexLock lock(mutex);
  auto lent = lent_to_callers();
  std::ranges::copy(lent_to_streams(SteadyTime::max()), std::back_inserter(lent));
  return lent;
}

std::vector<Holder> PoolState::holders() const {
  const MutexLock lock(mutex);
  std::vector<Holder> holders;
  for (const auto& slot : core.slots()) {
    if (slot.state == SlotState::leased) holders.push_back(slot.holder);
  }
  return holders;
}

std::vector<http::Connection*> PoolState::lent_to_callers() const {
  std::vector<http::Connection*> lent;
  for (SlotIndex slot = 0; slot < core.request_slots(); ++slot) {
    if (core.slots()[slot].state == SlotState::leased && connections[slot]) {
      lent.push_back(connections[slot].get());
    }
  }
  return lent;
}

std::vector<http::Connection*> PoolState::lent_to_streams(SteadyTime before) const {
  std::vector<http::Connection*> lent;
  for (auto slot = core.request_slots(); slot < core.probe_slot(); ++slot) {
    const auto& entry = core.slots()[slot];
    if (entry.state == SlotState::leased && entry.holder.since < before && connections[slot]) {
      lent.push_back(connections[slot].get());
    }
  }
  return lent;
}

}  // namespace tidegauge::pool
