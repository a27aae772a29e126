// What the outcomes of calls and probes say: about the Engine, or about one container alone.

#include <algorithm>
#include <utility>

#include "pool/pool_state.h"

namespace tidegauge::pool {
namespace {

/// Whether a call about one container reached somebody who listens, and failed. That nobody listens
/// is no container's failure.
bool blames_container(const Holder& holder, Errc code) {
  return !holder.key_text().empty() && (code == Errc::connection_lost || code == Errc::protocol);
}

}  // namespace

bool died_idle(const http::Transfer& transfer, const Error& error) noexcept {
  return error.code == Errc::connection_lost && transfer.reused_socket &&
         transfer.bytes_received == 0;
}

model::CloseReason close_reason(const Result<http::Response>& result) noexcept {
  // A socket that is closed after an answer was closed by the Engine.
  return result ? model::CloseReason::peer_closed : close_reason(result.error().code);
}

model::CloseReason close_reason(Errc code) noexcept {
  if (means_stuck(code)) return model::CloseReason::stuck;
  switch (code) {
    case Errc::engine_down:
      return model::CloseReason::reset;
    case Errc::closed:
      return model::CloseReason::shutdown;
    default:
      return model::CloseReason::error;
  }
}

// --- calls ---------------------------------------------------------------------------------------

void PoolState::record_answer(SlotIndex index) {
  const auto& transfer = connection_of(index)->last_transfer();
  const auto& holder = held_slot(index).holder;
  {
    const MutexLock lock(mutex);
    breaker.call_succeeded();
    last_answer = steady_now();
    counters.first_byte[static_cast<std::size_t>(holder.call_class)].observe(
        to_seconds(transfer.first_byte_at.value_or(last_answer) - transfer.sent_at));
  }
  if (!any_in_quarantine_ || holder.quarantine_key().empty()) return;
  const bool released = quarantine.with([&](Quarantine& q) {
    const bool was_quarantined = q.answered(holder.quarantine_key());
    any_in_quarantine_ = !q.empty();
    return was_quarantined;
  });
  if (released) {
    logger.info("calls about a container are answered again",
                {{"endpoint", name}, {"container_id", holder.key_text()}});
  }
}

void PoolState::record_failure(SlotIndex index, const Error& error) {
  const auto holder = held_slot(index).holder;
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
    const MutexLock lock(mutex);
    ++counters.stuck[static_cast<std::size_t>(holder.call_class)];
    suspect(Suspicion::ping);  // the ping shows whether the Engine is stuck, or the container alone
  }
  const auto now = steady_now();
  const auto key = holder.quarantine_key();
  const bool is_new = quarantine.with([&](Quarantine& q) {
    if (holder.call_class == model::CallClass::list) q.list_got_stuck(now);
    if (key.empty()) return false;
    any_in_quarantine_ = true;
    return q.got_stuck(key, now);
  });
  if (is_new) {
    logger.warn("calls about a container get stuck; it is quarantined",
                {{"endpoint", name}, {"container_id", key}});
  }
  wake_maintenance();
}

void PoolState::record_container_failure(const Holder& holder, const Error& error) {
  const auto key = holder.quarantine_key();
  if (key.empty()) return;
  {
    const MutexLock lock(mutex);
    if (breaker.cause()) return;  // during an outage every failure is the Engine's
  }
  const bool is_new = quarantine.with([&](Quarantine& q) {
    any_in_quarantine_ = true;
    return q.failed(key, steady_now());
  });
  if (is_new) {
    logger.warn("calls about a container fail, and others do not; it is quarantined",
                {{"endpoint", name}, {"container_id", key}, {"reason", error.message}});
  }
}

/// Every failure makes the next probe due. A failure of one container opens no circuit by itself:
/// the probe shows whether the Engine is to blame.
void PoolState::record_engine_failure(const Holder& holder, const Error& error) {
  auto cause = std::make_shared<const Error>(error);
  std::optional<HealthChange> change;
  {
    const MutexLock lock(mutex);
    const bool was_up = !breaker.cause();
    suspect(Suspicion::call);
    if (!blames_container(holder, error.code)) breaker.call_failed(std::move(cause), steady_now());
    change = publish_change(was_up);
  }
  react_to(change);
}

void PoolState::suspect(Suspicion reason) noexcept {
  suspicion = std::max(suspicion, reason);
}

// --- probes --------------------------------------------------------------------------------------

void PoolState::record_probe(ProbeKind kind, const std::optional<Error>& failure) {
  auto cause = failure ? std::make_shared<const Error>(*failure) : nullptr;
  std::optional<HealthChange> change;
  {
    const MutexLock lock(mutex);
    const bool was_up = !breaker.cause();
    if (!judge_probe(kind, std::move(cause), steady_now())) return;
    change = publish_change(was_up);
  }
  react_to(change);
}

/// Whether the outcome was one for the circuit breaker.
bool PoolState::judge_probe(ProbeKind kind, std::shared_ptr<const Error> failure, SteadyTime now) {
  if (failure) {
    ++counters.probes_failed;
    breaker.probe_failed(std::move(failure), now);
    return true;
  }
  ++counters.probes_succeeded;
  last_answer = now;
  // A real call was answered, and no call has failed since it was sent.
  if (kind == ProbeKind::call && suspicion != Suspicion::call) breaker.call_succeeded();
  // A probe that was sent before the outage does not end it.
  if (!breaker.cause() || kind != ProbeKind::recovery) return false;
  recovered_at = now;
  suspicion = Suspicion::none;
  core.limit_leases(1);  // maintenance raises the limit step by step
  breaker.probe_succeeded();
  return true;
}

// --- the health ----------------------------------------------------------------------------------

/// Tells all waiting threads that the circuit has opened or closed, where it has.
std::optional<PoolState::HealthChange> PoolState::publish_change(bool was_up) {
  const auto& cause = breaker.cause();
  if (was_up == !cause) return std::nullopt;
  ++health_version_;
  if (cause) core.fail_waiters(*refusal());
  changed_.notify_all();
  return HealthChange{.cause = cause, .outage = steady_now() - breaker.cause_since()};
}

void PoolState::react_to(const std::optional<HealthChange>& change) {
  wake_maintenance();
  if (!change) return;
  if (change->cause) {
    quarantine.with([](Quarantine& q) { q.forget_failures(); });
    logger.warn("engine is down", {{"endpoint", name}, {"reason", change->cause->message}});
  } else {
    logger.info("engine is up again",
                {{"endpoint", name}, {"after", seconds_text(change->outage)}});
  }
}

void PoolState::wake_maintenance() const {
  if (wake_) wake_();
}

EngineHealth PoolState::health() const {
  const MutexLock lock(mutex);
  return current_health();
}

EngineHealth PoolState::wait_for_change(std::uint64_t seen, SteadyTime until,
                                        const std::stop_token& stop) const {
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(mutex);
    changed_.notify_all();
  });
  MutexLock lock(mutex);
  while (health_version_ == seen && !stop.stop_requested() && steady_now() < until) {
    changed_.wait_until(lock.native(), until);
  }
  return current_health();
}

EngineHealth PoolState::current_health() const {
  return {.up = !breaker.cause(), .reason = breaker.cause(), .version = health_version_};
}

}  // namespace tidegauge::pool
