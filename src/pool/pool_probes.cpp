// The probes of a pool: when one is due, its steps, and what its end means.

#include <algorithm>
#include <tuple>
#include <utility>

#include "pool/pool_maintenance.h"

namespace tidegauge::pool {

using model::CloseReason;
using namespace std::chrono_literals;

namespace {

// The Engine creates its socket before it listens on it.
constexpr auto socket_debounce = 20ms;
constexpr std::size_t longest_ping = std::size_t{64} * 1024;
constexpr std::size_t longest_version = std::size_t{4} * 1024 * 1024;

/// The failure that the answer to a ping or a probe shows; nothing if the Engine works.
std::optional<Error> failure_of(const Result<http::Response>& answer) {
  if (!answer) return answer.error();
  if (answer->status < 500) return std::nullopt;
  return Error{Errc::server_error,
               "ping answered with HTTP status " + std::to_string(answer->status)};
}

}  // namespace

void PoolMaintenance::cancel_probes() {
  for (const auto& probe : probes_) {
    close_claimed(probe.slot, CloseReason::shutdown, steady_now());
  }
  probes_.clear();
}

void PoolMaintenance::start_probes(SteadyTime now, PollSet& poll_set) {
  bool down = false;
  SteadyTime due;
  {
    const MutexLock lock(state_.mutex);
    down = state_.breaker.cause() != nullptr;
    due = next_probe();
  }
  if (down) {
    if (now >= due && probes_.empty()) probe_outage(now);
  } else {
    if (now >= due && probes_.empty()) probe_health(now);
    connect_minimum(now);
  }
  advance_probes(now);  // sends the new probes; some end at once
  if (!probes_.empty()) return;
  const MutexLock lock(state_.mutex);
  poll_set.until = std::min(poll_set.until, next_probe());
}

/// When the next probe is due. A socket that has appeared is probed at once, whatever the backoff.
SteadyTime PoolMaintenance::next_probe() const {
  if (!state_.breaker.cause()) return next_health_probe();
  const auto next = state_.breaker.next_probe();
  if (!socket_appeared_) return next;
  const auto soon =
      std::max(*socket_appeared_ + socket_debounce, last_probe_ + shortest_probe_interval);
  return std::min(next, soon);
}

/// Three quarters of the interval after the Engine last answered: then the interval and the timeout
/// of the probe bound how late an outage is noticed. At once where there is a suspicion, but with a
/// growing pause where suspicions are unfounded again and again, as with an Engine that closes
/// every connection.
SteadyTime PoolMaintenance::next_health_probe() const {
  if (confirm_fresh_) return last_probe_ + shortest_probe_interval;
  if (state_.suspicion != Suspicion::none) {
    return last_probe_ +
           std::max<Milliseconds>(shortest_probe_interval, suspicion_pace_.next_pause());
  }
  const auto quiet_since = std::max(state_.last_answer, last_probe_);
  return quiet_since + state_.options.health_check_interval * 3 / 4;
}

void PoolMaintenance::probe_outage(SteadyTime now) {
  SlotIndex slot = 0;
  {
    const MutexLock lock(state_.mutex);
    slot = claim_unconnected();
    state_.breaker.probe_started();
  }
  last_probe_ = now;
  socket_appeared_.reset();  // not earlier: a probe in progress says nothing about a new socket
  start_ping(slot, ProbeKind::recovery);
}

/// Uses the idle connection that has been silent longest; a new one where there is none, or where
/// the answer must not depend on an old socket.
void PoolMaintenance::probe_health(SteadyTime now) {
  SlotIndex slot = 0;
  bool suspected = false;
  auto kind = confirm_fresh_.value_or(ProbeKind::ping);
  {
    const MutexLock lock(state_.mutex);
    if (state_.suspicion == Suspicion::call) kind = ProbeKind::call;
    const auto idle = state_.core.least_recently_used_idle();
    if (idle && !confirm_fresh_ && state_.core.head() == nullptr) {
      slot = *idle;
      state_.core.claim(slot);
    } else {
      slot = claim_unconnected();
    }
    suspected = std::exchange(state_.suspicion, Suspicion::none) != Suspicion::none;
  }
  if (!suspected || now - last_probe_ >= 2 * state_.options.health_check_interval) {
    suspicion_pace_.succeeded();
  }
  if (suspected) std::ignore = suspicion_pace_.failed(now);
  confirm_fresh_.reset();
  last_probe_ = now;
  start_ping(slot, kind);
}

/// Does nothing for an Engine that closes the connections of probes: the next health probe finds
/// out whether the Engine still does.
void PoolMaintenance::connect_minimum(SteadyTime now) {
  while (keeps_connections_ && probes_.size() < state_.options.tuning.max_connecting) {
    const auto slot = claim_for_minimum();
    if (!slot) return;
    last_probe_ = now;
    start_ping(*slot, ProbeKind::ping);
  }
}

/// An empty slot, where fewer than the minimum are connected and no caller waits for one.
std::optional<SlotIndex> PoolMaintenance::claim_for_minimum() {
  const MutexLock lock(state_.mutex);
  auto& core = state_.core;
  const auto connected = core.idle().size() + core.leased() + probes_.size();
  if (connected >= state_.options.min_connections || core.head() != nullptr) return std::nullopt;
  return core.claim_empty();
}

/// A slot without a socket: an empty one, or the probe slot. The probe slot is free, as no probe is
/// in progress when this is called.
SlotIndex PoolMaintenance::claim_unconnected() {
  if (state_.core.head() == nullptr) {
    if (const auto empty = state_.core.claim_empty()) return *empty;
  }
  state_.core.claim(state_.core.probe_slot());
  return state_.core.probe_slot();
}

/// A request that could not be started fails when it is advanced. A slot for which no connection
/// could be made is returned here.
void PoolMaintenance::start_ping(SlotIndex slot, ProbeKind kind) {
  const Probe probe{.slot = slot,
                    .kind = kind,
                    .step = refuses_head_ ? Probe::Step::ping_by_get : Probe::Step::ping};
  http::Connection* connection = nullptr;
  try {
    connection = &state_.prepare(slot);
    probes_.push_back(probe);
  } catch (...) {
    const MutexLock lock(state_.mutex);
    state_.core.return_claimed(slot, false, steady_now());
    throw;
  }
  send(probe, *connection);
}

void PoolMaintenance::advance_probes(SteadyTime now) {
  for (std::size_t i = 0; i < probes_.size();) {
    if (finished(probes_[i], now)) {
      probes_.erase(probes_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

/// Advances a probe. Returns whether it has ended and its slot is returned.
bool PoolMaintenance::finished(Probe& probe, SteadyTime now) {
  auto& connection = *state_.connection_of(probe.slot);
  const auto answer = connection.advance(now);
  if (!answer) return false;
  state_.record_transfer(probe.slot, CloseReason::probe_failed);
  if (has_next_step(probe, *answer)) {
    send(probe, connection);
    return finished(probe, now);
  }
  conclude(probe, *answer);
  const MutexLock lock(state_.mutex);
  state_.core.return_claimed(probe.slot, connection.fd() >= 0, now);
  return true;
}

/// Moves the probe to its next step, if there is one: the ping by GET where HEAD is refused, the
/// real call where the kind asks for one, and the call once more where the Engine has closed the
/// socket of the ping.
bool PoolMaintenance::has_next_step(Probe& probe, const Result<http::Response>& answer) {
  using Step = Probe::Step;
  const auto& transfer = state_.connection_of(probe.slot)->last_transfer();
  const bool is_ping = probe.step == Step::ping || probe.step == Step::ping_by_get;
  if (probe.step == Step::ping && answer && http::refuses_head(*answer)) {
    refuses_head_ = true;
    probe.step = Step::ping_by_get;
    return true;
  }
  if (is_ping && probe.kind != ProbeKind::ping && !failure_of(answer)) {
    probe.step = Step::call;
    return true;
  }
  if (probe.step == Step::call && !answer && died_idle(transfer, answer.error())) {
    probe.step = Step::call_again;
    return true;
  }
  return false;
}

void PoolMaintenance::send(const Probe& probe, http::Connection& connection) const {
  using Step = Probe::Step;
  const auto& options = state_.options;
  if (probe.step == Step::ping || probe.step == Step::ping_by_get) {
    const bool by_get = probe.step == Step::ping_by_get;
    connection.begin({.method = by_get ? http::Method::get : http::Method::head,
                      .target = "/_ping",
                      .limits = {.connect = options.connect_timeout,
                                 .total = options.probe_timeout,
                                 .body_bytes = longest_ping}});
  } else {
    connection.begin({.target = "/version",
                      .limits = {.connect = options.connect_timeout,
                                 .total = options.call_timeout,
                                 .body_bytes = longest_version}});
  }
}

/// Closes the socket where it is of no further use, and records what the probe has shown.
void PoolMaintenance::conclude(const Probe& probe, const Result<http::Response>& answer) {
  const auto& connection = *state_.connection_of(probe.slot);
  const bool reused_socket = connection.last_transfer().reused_socket;
  const auto failure = failure_of(answer);
  const bool recovers = probe.kind == ProbeKind::recovery;
  if (failure) state_.close_socket(probe.slot, CloseReason::probe_failed);
  if (probe.slot == state_.probe_slot) {
    state_.close_socket(probe.slot, CloseReason::idle);
  } else if (connection.fd() < 0) {
    if (!recovers) keeps_connections_ = false;
  } else if (probe.kind == ProbeKind::ping && reused_socket) {
    keeps_connections_ = true;
  }
  const bool stale = failure && failure->code == Errc::connection_lost && !recovers &&
                     probe.step == Probe::Step::ping && reused_socket;
  // The probe was not sent: what this program lacks says nothing about the Engine.
  const bool unsent = failure && failure->code == Errc::system && !recovers;
  if (stale) {
    confirm_fresh_ = probe.kind;  // the Engine may have closed only this socket
  } else if (!unsent) {
    state_.record_probe(probe.kind, failure);
  }
}

}  // namespace tidegauge::pool
