#include "pool/pool_state.h"

#include <algorithm>
#include <random>
#include <utility>

namespace tidegauge::pool {

using model::AcquireFailure;
using model::CloseReason;

namespace {

constexpr auto abort_grace = std::chrono::seconds{1};

template <class Enum>
constexpr std::size_t index_of(Enum value) {
  return static_cast<std::size_t>(value);
}

/// A call about one container that reached somebody who listens, and failed. That nobody listens is
/// no container's failure.
bool blames_container(const Holder& holder, Errc code) {
  return !holder.key_text().empty() && (code == Errc::connection_lost || code == Errc::protocol);
}

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
      core(options, options.max_streams, std::random_device{}()),
      breaker(options.tuning, std::random_device{}()),
      connections(core.slots().size()),
      quarantine(Quarantine(options.tuning)),
      wake_(std::move(wake)) {}

Result<SlotIndex> PoolState::acquire(const CallTag& tag, SteadyTime deadline,
                                     const std::stop_token& stop,
                                     const std::source_location& place) {
  if (auto error = quarantined(tag)) return fail(std::move(*error));
  const auto asked = steady_now();
  Waiter waiter;
  waiter.holder = make_holder(tag, place, asked);
  waiter.deadline = deadline;
  {
    std::unique_lock lock(mutex);
    auto failure = refusal();
    if (!failure && stop.stop_requested()) failure = AcquireFailure::cancelled;
    if (!failure && asked >= deadline) failure = AcquireFailure::timeout;
    if (!failure) {
      const auto outcome = core.take_or_queue(waiter, asked);
      if (outcome == LeaseCore::Outcome::taken) {
        ++counters_.acquired;
        counters_.wait_success.observe(0);
        return *waiter.granted;
      }
      if (outcome == LeaseCore::Outcome::queue_full) failure = AcquireFailure::queue_full;
    }
    if (failure) return refused(*failure, asked, tag, std::move(lock));
  }
  return wait_for_slot(waiter, tag, stop);
}

Result<SlotIndex> PoolState::acquire_for_stream(const CallTag& tag, const std::stop_token& stop,
                                                const std::source_location& place) {
  if (auto error = quarantined(tag)) return fail(std::move(*error));
  const auto asked = steady_now();
  std::unique_lock lock(mutex);
  auto failure = refusal();
  if (!failure && stop.stop_requested()) failure = AcquireFailure::cancelled;
  if (!failure) {
    if (const auto slot = core.take_for_stream(make_holder(tag, place, asked), asked)) {
      ++counters_.acquired;
      return *slot;
    }
    failure = AcquireFailure::queue_full;
  }
  return refused(*failure, asked, tag, std::move(lock));
}

/// A container that is left alone for now.
std::optional<Error> PoolState::quarantined(const CallTag& tag) {
  if (tag.key.empty() || tag.takes_long || !any_in_quarantine_) return std::nullopt;
  const auto now = steady_now();
  const auto refusal = quarantine.with([&](Quarantine& q) { return q.refusal(tag.key, now); });
  if (!refusal) return std::nullopt;
  const bool stuck = refusal->cause == Quarantine::Cause::stuck;
  const std::lock_guard lock(mutex);
  ++counters_.failures[index_of(AcquireFailure::quarantined)];
  return Error{Errc::quarantined, "calls about container " + std::string(tag.key.substr(0, 12)) +
                                      (stuck ? " got stuck" : " failed, and others did not") +
                                      "; the next may go in " + seconds_text(refusal->until - now)};
}

/// Counts a caller who gets nothing, and tells it why.
Result<SlotIndex> PoolState::refused(AcquireFailure failure, SteadyTime asked, const CallTag& tag,
                                     std::unique_lock<std::mutex> lock) {
  const auto now = steady_now();
  ++counters_.failures[index_of(failure)];
  counters_.wait_failure.observe(to_seconds(now - asked));
  const auto summary = this->summary();
  lock.unlock();
  if (any_in_quarantine_ && !tag.takes_long) {
    quarantine.with([&](Quarantine& q) { q.ended_otherwise(tag.key); });
  }
  return fail(describe_refusal(failure, tag.call_class, now - asked, summary));
}

std::optional<AcquireFailure> PoolState::refusal() const {
  if (closing_) return AcquireFailure::closed;
  if (!breaker.cause()) return std::nullopt;
  return blames_configuration(breaker.cause()->code) ? AcquireFailure::misconfigured
                                                     : AcquireFailure::down;
}

Result<SlotIndex> PoolState::wait_for_slot(Waiter& waiter, const CallTag& tag,
                                           const std::stop_token& stop) {
  const auto asked = waiter.holder.since;
  // Made and destroyed without the mutex, which it takes; it wakes this waiter alone.
  const std::stop_callback wake(stop, [this, &waiter] {
    const std::lock_guard lock(mutex);
    waiter.condition->notify_one();
  });
  std::unique_lock lock(mutex);
  while (true) {
    const auto now = steady_now();
    const bool settled = core.settle(waiter, now);
    auto failure = waiter.failed;
    if (!failure && stop.stop_requested()) failure = AcquireFailure::cancelled;
    if (!failure && now >= waiter.deadline) failure = AcquireFailure::timeout;
    if (failure) {
      core.leave(waiter, now);  // a slot granted too late goes to the next
      return refused(*failure, asked, tag, std::move(lock));
    }
    if (settled) {
      ++counters_.acquired;
      counters_.wait_success.observe(to_seconds(now - asked));
      return *waiter.granted;
    }
    waiter.condition->wait_until(lock, waiter.deadline);
  }
}

http::Connection& PoolState::prepare(SlotIndex index) {
  auto* connection = connections[index].get();
  if (connection == nullptr) {
    auto made = transport->make();
    connection = made.get();
    const std::lock_guard lock(mutex);
    connections[index] = std::move(made);
    return *connection;
  }
  if (connection->fd() < 0) return *connection;
  const auto& slot = core.slots()[index];  // its socket's fields are its holder's to read
  if (slot.holder.since >= slot.expires) {
    close_socket(index, CloseReason::lifetime);
  } else if (!connection->alive()) {
    close_socket(index, CloseReason::peer_closed);
  }
  return *connection;
}

void PoolState::release(SlotIndex index) noexcept {
  const bool connected = connections[index] && connections[index]->fd() >= 0;
  const auto now = steady_now();
  std::optional<Holder> late;
  WaiterCondition condition;
  {
    std::unique_lock lock(mutex);
    const auto& slot = core.slots()[index];
    const auto useless = reason_to_close(slot);
    if (useless && connected) {
      // A local socket closes in microseconds: the slot is not free before nobody uses it any more.
      lock.unlock();
      close_socket(index, *useless);
      lock.lock();
    }
    counters_.use[index_of(slot.holder.call_class)].observe(to_seconds(now - slot.holder.since));
    if (slot.leak_reported) {
      late = slot.holder;
      ++counters_.leaks_recovered;
    }
    condition = core.release(index, connected && !useless, now);
    if (closing_) changed_.notify_all();
  }
  if (condition) condition->notify_one();
  if (late) {
    logger.info("connection came back after all",
                {{"pool", name}, {"holder", describe_holder(*late, now)}});
  }
}

/// Under the mutex: why the socket of a slot that comes back must not be used again.
std::optional<CloseReason> PoolState::reason_to_close(const Slot& slot) const {
  if (breaker.cause() || core.outdated(slot)) return CloseReason::reset;
  if (closing_) return CloseReason::shutdown;
  return std::nullopt;
}

void PoolState::record_transfer(SlotIndex index, CloseReason reason) {
  const auto& connection = *connections[index];
  const auto& transfer = connection.last_transfer();
  if (!transfer.connect_time && connection.fd() >= 0) return;  // nothing opened, nothing closed
  const std::lock_guard lock(mutex);
  auto& slot = core.slots()[index];
  if (transfer.connect_time) {
    if (slot.connected) {
      ++counters_.closed[index_of(CloseReason::peer_closed)];
      ++counters_.silent_reconnects;
    }
    slot.connected = true;
    ++counters_.created;
    counters_.create.observe(to_seconds(*transfer.connect_time));
    core.record_connected(index, steady_now());
  }
  if (slot.connected && connection.fd() < 0) {
    slot.connected = false;
    ++counters_.closed[index_of(reason)];
  }
}

void PoolState::record_answer(SlotIndex index) {
  const auto& transfer = connections[index]->last_transfer();
  const auto& holder = core.slots()[index].holder;  // the caller's own
  {
    const std::lock_guard lock(mutex);
    breaker.call_succeeded();
    last_answer = steady_now();
    counters_.first_byte[index_of(holder.call_class)].observe(
        to_seconds(transfer.first_byte_at.value_or(last_answer) - transfer.sent_at));
  }
  if (!any_in_quarantine_ || holder.quarantine_key().empty()) return;
  const bool news = quarantine.with([&](Quarantine& q) {
    const bool released = q.answered(holder.quarantine_key());
    any_in_quarantine_ = !q.empty();
    return released;
  });
  if (news) {
    logger.info("calls about a container are answered again",
                {{"endpoint", name}, {"container", holder.key_text()}});
  }
}

void PoolState::record_failure(SlotIndex index, const Error& error) {
  const auto holder = core.slots()[index].holder;
  if (means_stuck(error.code)) {
    record_stuck(holder);
  } else if (blames_container(holder, error.code)) {
    record_container_failure(holder, error);
  } else if (any_in_quarantine_) {
    quarantine.with([&](Quarantine& q) { q.ended_otherwise(holder.quarantine_key()); });
  }
  if (blames_engine(error.code)) record_engine_failure(holder, error);
}

void PoolState::record_stuck(const Holder& holder) {
  {
    const std::lock_guard lock(mutex);
    ++counters_.stuck[index_of(holder.call_class)];
    suspect(Suspicion::ping);  // is it the Engine, or only what the call was about?
  }
  const auto now = steady_now();
  const auto key = holder.quarantine_key();
  const bool news = quarantine.with([&](Quarantine& q) {
    if (holder.call_class == model::CallClass::list) q.list_got_stuck(now);
    if (key.empty()) return false;
    any_in_quarantine_ = true;
    return q.got_stuck(key, now);
  });
  if (news) {
    logger.warn("calls about a container get stuck: it is left alone for a while",
                {{"endpoint", name}, {"container", key}});
  }
  wake_maintenance();
}

void PoolState::record_container_failure(const Holder& holder, const Error& error) {
  const auto key = holder.quarantine_key();
  if (key.empty()) return;
  {
    const std::lock_guard lock(mutex);
    if (breaker.cause()) return;  // whatever fails during an outage is the Engine's failure
  }
  const bool news = quarantine.with([&](Quarantine& q) {
    any_in_quarantine_ = true;
    return q.failed(key, steady_now());
  });
  if (news) {
    logger.warn("calls about a container fail, and others do not: it is left alone for a while",
                {{"endpoint", name}, {"container", key}, {"reason", error.message}});
  }
}

/// Every failure makes the next probe due. What is only the container's has no weight of its own:
/// the probe finds out whether it is the Engine's after all.
void PoolState::record_engine_failure(const Holder& holder, const Error& error) {
  auto cause = std::make_shared<const Error>(error);
  std::unique_lock lock(mutex);
  const auto before = breaker.cause();
  suspect(Suspicion::call);
  if (!blames_container(holder, error.code)) breaker.call_failed(std::move(cause), steady_now());
  react_to(before, std::move(lock));
}

void PoolState::suspect(Suspicion reason) noexcept {
  suspicion = std::max(suspicion, reason);
}

void PoolState::record_probe(ProbeKind kind, const std::optional<Error>& failure) {
  auto cause = failure ? std::make_shared<const Error>(*failure) : nullptr;
  std::unique_lock lock(mutex);
  const auto before = breaker.cause();
  const auto now = steady_now();
  if (failure) {
    ++counters_.probes_failed;
    breaker.probe_failed(std::move(cause), now);
  } else {
    ++counters_.probes_succeeded;
    last_answer = now;
    // A real call was answered, and none has failed since it was sent.
    if (kind == ProbeKind::call && suspicion != Suspicion::call) breaker.call_succeeded();
    // As was known; or sent before an outage that calls have shown, which only a later one ends.
    if (!before || kind != ProbeKind::recovery) return;
    recovered_at = now;
    suspicion = Suspicion::none;
    core.limit_leases(1);  // the upkeep lets in more, bit by bit
    breaker.probe_succeeded();
  }
  react_to(before, std::move(lock));
}

/// After the breaker was told something: passes on a change, and logs it once.
void PoolState::react_to(const std::shared_ptr<const Error>& before,
                         std::unique_lock<std::mutex> lock) {
  const auto after = breaker.cause();
  const auto age = steady_now() - breaker.cause_since();
  const bool changed = (before != nullptr) != (after != nullptr);
  if (changed) {
    ++health_version_;
    if (after) core.fail_waiters(*refusal());
    changed_.notify_all();
  }
  lock.unlock();
  wake_maintenance();
  if (!changed) return;
  if (after) {
    quarantine.with([](Quarantine& q) { q.forget_failures(); });
    logger.warn("engine is down", {{"endpoint", name}, {"reason", after->message}});
  } else {
    logger.info("engine is up again", {{"endpoint", name}, {"after", seconds_text(age)}});
  }
}

void PoolState::log_leak(const Holder& holder, SteadyTime now) const {
  logger.warn("connection has been held for too long",
              {{"pool", name}, {"holder", describe_holder(holder, now)}});
}

void PoolState::log_degraded(bool is_degraded) const {
  if (is_degraded) {
    logger.warn("engine answers pings, but calls get stuck: fewer are made at the same time",
                {{"endpoint", name}});
  } else {
    logger.info("calls do not get stuck any more", {{"endpoint", name}});
  }
}

void PoolState::wake_maintenance() const {
  if (wake_) wake_();
}

void PoolState::count_stale_retry() {
  const std::lock_guard lock(mutex);
  ++counters_.stale_retries;
}

void PoolState::close_socket(SlotIndex index, CloseReason reason) {
  connections[index]->close();
  const std::lock_guard lock(mutex);
  auto& slot = core.slots()[index];
  if (!slot.connected) return;
  slot.connected = false;
  ++counters_.closed[index_of(reason)];
}

/// Under the mutex.
PoolSummary PoolState::summary() const {
  PoolSummary summary{.pool = name,
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

EngineHealth PoolState::health() const {
  const std::lock_guard lock(mutex);
  return current_health();
}

EngineHealth PoolState::wait_for_change(std::uint64_t seen, SteadyTime until,
                                        const std::stop_token& stop) const {
  const std::stop_callback wake(stop, [this] {
    const std::lock_guard lock(mutex);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex);
  while (health_version_ == seen && !stop.stop_requested() && steady_now() < until) {
    changed_.wait_until(lock, until);
  }
  return current_health();
}

/// Under the mutex.
EngineHealth PoolState::current_health() const {
  return {.up = !breaker.cause(), .reason = breaker.cause(), .version = health_version_};
}

CloseReport PoolState::close(SteadyTime deadline) {
  std::vector<SlotIndex> idle;
  std::unique_lock lock(mutex);
  const bool is_first = !std::exchange(closing_, true);
  core.fail_waiters(AcquireFailure::closed);
  for (SlotIndex slot = 0; slot < core.slots().size(); ++slot) {
    if (core.claim(slot)) idle.push_back(slot);
  }
  lock.unlock();
  for (const auto slot : idle) {
    if (connections[slot]) close_socket(slot, CloseReason::shutdown);
  }
  lock.lock();
  const auto none_lent = [this] {
    return std::ranges::none_of(core.slots(),
                                [](const Slot& s) { return s.state == SlotState::leased; });
  };
  if (is_first && !changed_.wait_until(lock, deadline, none_lent)) {
    const auto calls = lent_to_callers();
    const auto streams = lent_to_streams(SteadyTime::max());
    lock.unlock();
    for (auto* const connection : calls) connection->abort(Errc::closed);
    for (auto* const connection : streams) connection->abort(Errc::closed);
    lock.lock();
    changed_.wait_until(lock, steady_now() + abort_grace, none_lent);
  }
  std::vector<Holder> holders;
  for (const auto& slot : core.slots()) {
    if (slot.state == SlotState::leased) holders.push_back(slot.holder);
  }
  lock.unlock();
  const auto now = steady_now();
  CloseReport report;
  for (const auto& holder : holders) report.push_back(describe_holder(holder, now));
  return report;
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

model::PoolStats PoolState::stats() const {
  model::PoolStats stats;
  stats.pool = name;
  stats.connections_max = options.max_connections;
  stats.connections_min = options.min_connections;
  stats.open_sockets = transport->open_sockets();
  stats.quarantined_keys =
      static_cast<std::uint32_t>(quarantine.with([](const Quarantine& q) { return q.size(); }));
  const std::lock_guard lock(mutex);
  const auto now = steady_now();
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
  stats.acquired = counters_.acquired;
  stats.connections_created = counters_.created;
  stats.connections_peak = core.peak();
  stats.connections_closed = counters_.closed;
  stats.acquire_failures = counters_.failures;
  stats.stuck_operations = counters_.stuck;
  stats.probes_succeeded = counters_.probes_succeeded;
  stats.probes_failed = counters_.probes_failed;
  stats.stale_retries = counters_.stale_retries;
  stats.silent_reconnects = counters_.silent_reconnects;
  stats.leaks_detected = leaks_detected;
  stats.leaks_recovered = counters_.leaks_recovered;
  stats.expired_waiters_evicted = core.evicted();
  stats.barged = core.barged();
  stats.handed_off = core.handed_off();
  stats.wait_success = counters_.wait_success;
  stats.wait_failure = counters_.wait_failure;
  stats.use = counters_.use;
  stats.first_byte = counters_.first_byte;
  stats.create = counters_.create;
  return stats;
}

std::vector<model::SlotStats> PoolState::slots() const {
  std::vector<Slot> copies;
  copies.reserve(core.slots().size());
  {
    const std::lock_guard lock(mutex);
    copies.assign(core.slots().begin(), core.slots().end());
  }
  const auto now = steady_now();
  std::vector<model::SlotStats> all;
  for (SlotIndex index = 0; index < copies.size(); ++index) {
    const auto& slot = copies[index];
    const bool leased = slot.state == SlotState::leased;
    all.push_back({.slot = index,
                   .state = std::string(to_string(slot.state)),
                   .for_streams = core.is_stream_slot(index),
                   .connected = slot.connected,
                   .uses = slot.uses,
                   .holder = leased ? describe_holder(slot.holder, now) : std::string()});
  }
  return all;
}

}  // namespace tidegauge::pool
