#include "pool/pool_maintenance.h"

#include <poll.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace tidegauge::pool {

using model::CloseReason;
using namespace std::chrono_literals;

namespace {

constexpr auto socket_debounce = 20ms;  // between a socket's appearance and the probe
constexpr auto leak_scan_interval = 1s;
constexpr auto connecting_interval = 10ms;
constexpr auto ramp_step = 50ms;  // callers let in after an outage double this often
constexpr std::uint32_t degraded_limit = 2;
constexpr auto least_health_gap = 100ms;  // however many calls fail, no more pings than this
constexpr std::size_t longest_ping = std::size_t{64} * 1024;
constexpr std::size_t longest_version = std::size_t{4} * 1024 * 1024;
// A stopping Engine waits 10 s for each of its containers, all at once, and tells how they ended.
constexpr auto stream_limit = 30s;  // from the beginning of an outage
constexpr auto stream_drain = 1s;   // from its end: what is there can be read, more will not come

/// What is wrong with the answer to a ping or a probe; nothing if it shows a working Engine.
std::optional<Error> failure_of(const Result<http::Response>& answer) {
  if (!answer) return answer.error();
  if (answer->status < 500) return std::nullopt;
  return Error{Errc::server_error,
               "ping answered with HTTP status " + std::to_string(answer->status)};
}

}  // namespace

PoolMaintenance::PoolMaintenance(PoolState& state)
    : state_(state),
      socket_watch_(state.address),
      advisor_(steady_now()),
      suspicion_pace_({.first_pause = least_health_gap,
                       .longest_pause = state.options.health_check_interval}) {}

void PoolMaintenance::run(SteadyTime now, Watch& watch) {
  look_for_socket(now);
  advance_checks(now);
  follow_outages(now);
  end_old_streams(now, watch);
  close_dead(now);
  close_old(now, watch);
  start_checks(now, watch);
  let_callers_in(now, watch);
  report_leaks(now, watch);
  advise_on_size(now, watch);
  watch_sockets(now, watch);
}

void PoolMaintenance::cancel_probes() {
  for (const auto& check : checks_) {
    close_claimed(check.slot, CloseReason::shutdown, steady_now());
  }
  checks_.clear();
}

void PoolMaintenance::look_for_socket(SteadyTime now) {
  if (!socket_watch_.appeared()) return;
  socket_appeared_ = now;
  const std::lock_guard lock(state_.mutex);
  // A new socket while the old one still answers: a restart.
  state_.suspect(Suspicion::ping);
}

void PoolMaintenance::advance_checks(SteadyTime now) {
  for (std::size_t i = 0; i < checks_.size();) {
    if (finished(checks_[i], now)) {
      checks_.erase(checks_.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
}

/// Moves a check on; whether it is over, and its slot given back.
bool PoolMaintenance::finished(Check& check, SteadyTime now) {
  auto& connection = *state_.connections[check.slot];
  const auto outcome = connection.advance(now);
  if (!outcome) return false;
  state_.record_transfer(check.slot, CloseReason::probe_failed);
  if (goes_on(check, *outcome)) {
    send(check, connection);
    return finished(check, now);
  }
  const auto failure = failure_of(*outcome);
  const bool recovers = check.kind == ProbeKind::recovery;
  const bool stale = failure && failure->code == Errc::connection_lost && !recovers &&
                     check.step == Check::Step::ping && connection.last_transfer().reused_socket;
  // Nothing was asked: what this program lacks says nothing of the Engine.
  const bool unasked = failure && failure->code == Errc::system && !recovers;
  if (failure) state_.close_socket(check.slot, CloseReason::probe_failed);
  if (check.slot == state_.core.probe_slot()) {
    state_.close_socket(check.slot, CloseReason::idle);
  } else if (connection.fd() < 0) {
    if (!recovers) keeps_connections_ = false;
  } else if (check.kind == ProbeKind::ping && connection.last_transfer().reused_socket) {
    keeps_connections_ = true;
  }
  if (stale) {
    confirm_fresh_ = check.kind;  // says nothing yet: the Engine may have closed just this one
  } else if (!unasked) {
    state_.record_probe(check.kind, failure);
  }
  const std::lock_guard lock(state_.mutex);
  state_.core.return_claimed(check.slot, connection.fd() >= 0, now);
  return true;
}

/// Whether something follows: the ping by GET where HEAD is refused, the real call where one is
/// wanted, and that once more where the Engine has closed the ping's socket without a word.
bool PoolMaintenance::goes_on(Check& check, const Result<http::Response>& answer) {
  using Step = Check::Step;
  const auto& transfer = state_.connections[check.slot]->last_transfer();
  const bool is_ping = check.step == Step::ping || check.step == Step::ping_by_get;
  if (check.step == Step::ping && answer && http::refuses_head(*answer)) {
    refuses_head_ = true;
    check.step = Step::ping_by_get;
    return true;
  }
  if (is_ping && check.kind != ProbeKind::ping && !failure_of(answer)) {
    check.step = Step::call;
    return true;
  }
  if (check.step == Step::call && !answer && died_idle(transfer, answer.error())) {
    check.step = Step::call_again;
    return true;
  }
  return false;
}

void PoolMaintenance::send(const Check& check, http::Connection& connection) const {
  using Step = Check::Step;
  const auto& options = state_.options;
  if (check.step == Step::ping || check.step == Step::ping_by_get) {
    const bool by_get = check.step == Step::ping_by_get;
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

void PoolMaintenance::follow_outages(SteadyTime now) {
  bool down = false;
  {
    const std::lock_guard lock(state_.mutex);
    down = state_.breaker.cause() != nullptr;
  }
  if (down == std::exchange(was_down_, down)) return;
  if (down) return begin_outage();
  if (streams_end_ != SteadyTime::max()) streams_end_ = std::min(streams_end_, now + stream_drain);
}

/// What is in flight can only fail later, and no idle socket is of use. But streams are left open:
/// an Engine that stops, and is not to be reached any more, tells on them how its containers end.
void PoolMaintenance::begin_outage() {
  const auto now = steady_now();  // later than whatever was lent
  refuses_head_ = false;
  keeps_connections_ = true;  // the next Engine may
  suspicion_pace_.succeeded();
  std::vector<http::Connection*> calls;
  std::vector<http::Connection*> left_over;  // streams from before the outage before
  std::vector<http::Connection*> streams;
  {
    const std::lock_guard lock(state_.mutex);
    state_.core.new_generation();
    calls = state_.lent_to_callers();
    if (streams_end_ != SteadyTime::max()) left_over = state_.lent_to_streams(outage_began_);
    streams = state_.lent_to_streams(now);
  }
  outage_began_ = now;
  streams_end_ = now + stream_limit;
  for (auto* const connection : calls) connection->abort(Errc::engine_down);
  for (auto* const connection : left_over) connection->abort(Errc::engine_down);
  for (auto* const connection : streams) connection->interrupt(Errc::engine_down);
}

void PoolMaintenance::end_old_streams(SteadyTime now, Watch& watch) {
  if (now < streams_end_) {
    watch.until = std::min(watch.until, streams_end_);
    return;
  }
  streams_end_ = SteadyTime::max();
  std::vector<http::Connection*> streams;
  {
    const std::lock_guard lock(state_.mutex);
    streams = state_.lent_to_streams(outage_began_);
  }
  for (auto* const connection : streams) connection->abort(Errc::engine_down);
}

/// Sockets that the Engine has closed while nobody used them.
void PoolMaintenance::close_dead(SteadyTime now) {
  std::vector<SlotIndex> slots;
  std::vector<pollfd> sockets;
  {
    const std::lock_guard lock(state_.mutex);
    for (const auto slot : state_.core.all_idle()) {
      slots.push_back(slot);
      sockets.push_back(
          {.fd = state_.connections[slot]->fd(), .events = POLLIN | POLLRDHUP, .revents = 0});
    }
  }
  if (sockets.empty() || ::poll(sockets.data(), sockets.size(), 0) <= 0) return;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if (sockets[i].revents == 0) continue;
    {
      const std::lock_guard lock(state_.mutex);
      if (!state_.core.claim(slots[i])) continue;  // borrowed meanwhile: its holder will see
      state_.suspect(Suspicion::ping);
    }
    if (state_.connections[slots[i]]->alive()) {
      const std::lock_guard lock(state_.mutex);
      state_.core.return_claimed(slots[i], true, now);
    } else {
      if (state_.core.slots()[slots[i]].uses == 0) keeps_connections_ = false;
      close_claimed(slots[i], CloseReason::peer_closed, now);
    }
  }
}

void PoolMaintenance::close_old(SteadyTime now, Watch& watch) {
  std::vector<std::pair<SlotIndex, CloseReason>> old;
  {
    const std::lock_guard lock(state_.mutex);
    old = find_old(now, watch);
    for (const auto& [slot, reason] : old) state_.core.claim(slot);
  }
  for (const auto& [slot, reason] : old) close_claimed(slot, reason, now);
}

/// Under the mutex: sockets past their lifetime, of an Engine that is gone, or unused for too long.
/// Of the last no more than a quarter at a time, and never below the minimum.
std::vector<std::pair<SlotIndex, CloseReason>> PoolMaintenance::find_old(SteadyTime now,
                                                                         Watch& watch) const {
  const auto& core = state_.core;
  const auto& options = state_.options;
  const auto connected = core.idle().size() + core.leased();
  const auto spare = connected - std::min<std::size_t>(connected, options.min_connections);
  auto quota = std::min(spare, (core.idle().size() + 3) / 4);
  std::vector<std::pair<SlotIndex, CloseReason>> old;
  for (const auto index : core.all_idle()) {
    const auto& slot = core.slots()[index];
    const bool kept =
        options.idle_timeout.count() == 0 || (quota == 0 && !core.is_stream_slot(index));
    const auto unused_until = kept ? SteadyTime::max() : slot.last_used + options.idle_timeout;
    if (core.outdated(slot)) {
      old.emplace_back(index, CloseReason::reset);
    } else if (now >= slot.expires) {
      old.emplace_back(index, CloseReason::lifetime);
    } else if (now >= unused_until) {
      old.emplace_back(index, CloseReason::idle);
      if (!core.is_stream_slot(index)) --quota;
    } else {
      watch.until = std::min({watch.until, slot.expires, unused_until});
    }
  }
  return old;
}

void PoolMaintenance::close_claimed(SlotIndex slot, CloseReason reason, SteadyTime now) {
  state_.close_socket(slot, reason);
  const std::lock_guard lock(state_.mutex);
  state_.core.return_claimed(slot, false, now);
}

void PoolMaintenance::start_checks(SteadyTime now, Watch& watch) {
  bool down = false;
  SteadyTime due;
  {
    const std::lock_guard lock(state_.mutex);
    down = state_.breaker.cause() != nullptr;
    due = next_check();
  }
  if (down) {
    if (now >= due && checks_.empty()) probe_outage(now);
  } else {
    if (now >= due && checks_.empty()) check_health(now);
    connect_minimum(now);
  }
  advance_checks(now);  // sends off what was just begun, which may be over at once
  if (!checks_.empty()) return;
  const std::lock_guard lock(state_.mutex);
  watch.until = std::min(watch.until, next_check());
}

/// Under the mutex. A socket that has (re)appeared is probed at once, whatever the backoff.
SteadyTime PoolMaintenance::next_check() const {
  if (!state_.breaker.cause()) return next_health_check();
  const auto next = state_.breaker.next_probe();
  if (!socket_appeared_) return next;
  const auto soon = std::max(*socket_appeared_ + socket_debounce, last_check_ + least_health_gap);
  return std::min(next, soon);
}

/// Under the mutex. Three quarters of the interval after the Engine last answered, so that interval
/// and time-out together bound how late an outage is noticed. At once where something is
/// suspicious; later and later where that turns out to be nothing again and again, as with an
/// Engine that closes every connection.
SteadyTime PoolMaintenance::next_health_check() const {
  if (confirm_fresh_) return last_check_ + least_health_gap;
  if (state_.suspicion != Suspicion::none) {
    return last_check_ + std::max<Milliseconds>(least_health_gap, suspicion_pace_.next_pause());
  }
  const auto quiet_since = std::max(state_.last_answer, last_check_);
  return quiet_since + state_.options.health_check_interval * 3 / 4;
}

void PoolMaintenance::probe_outage(SteadyTime now) {
  SlotIndex slot = 0;
  {
    const std::lock_guard lock(state_.mutex);
    slot = claim_unconnected();
    state_.breaker.probe_started();
  }
  last_check_ = now;
  socket_appeared_.reset();  // a probe that had begun before says nothing about it
  start_ping(slot, ProbeKind::recovery);
}

/// Asks on the idle connection that has been silent longest, or on a fresh one where there is
/// none, or where the answer must not depend on an old socket.
void PoolMaintenance::check_health(SteadyTime now) {
  SlotIndex slot = 0;
  bool suspected = false;
  auto kind = confirm_fresh_.value_or(ProbeKind::ping);
  {
    const std::lock_guard lock(state_.mutex);
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
  if (!suspected || now - last_check_ >= 2 * state_.options.health_check_interval) {
    suspicion_pace_.succeeded();
  }
  if (suspected) std::ignore = suspicion_pace_.failed(now);
  confirm_fresh_.reset();
  last_check_ = now;
  start_ping(slot, kind);
}

/// Under the mutex. The prober's own slot is always free: at most one check runs when it is asked.
SlotIndex PoolMaintenance::claim_unconnected() {
  if (state_.core.head() == nullptr) {
    if (const auto empty = state_.core.claim_empty()) return *empty;
  }
  state_.core.claim(state_.core.probe_slot());
  return state_.core.probe_slot();
}

/// An Engine that closes every connection has none to keep: then the next check for health finds
/// out whether it still does.
void PoolMaintenance::connect_minimum(SteadyTime now) {
  while (keeps_connections_ && checks_.size() < state_.options.tuning.max_connecting) {
    SlotIndex slot = 0;
    {
      const std::lock_guard lock(state_.mutex);
      const auto& core = state_.core;
      const auto connected = core.idle().size() + core.leased() + checks_.size();
      if (connected >= state_.options.min_connections || core.head() != nullptr) return;
      const auto empty = state_.core.claim_empty();
      if (!empty) return;
      slot = *empty;
    }
    last_check_ = now;
    start_ping(slot, ProbeKind::ping);
  }
}

/// A request that could not be begun fails by itself at the first look; a slot without a connection
/// must go back.
void PoolMaintenance::start_ping(SlotIndex slot, ProbeKind kind) {
  const Check check{.slot = slot,
                    .kind = kind,
                    .step = refuses_head_ ? Check::Step::ping_by_get : Check::Step::ping};
  http::Connection* connection = nullptr;
  try {
    connection = &state_.prepare(slot);
    checks_.push_back(check);
  } catch (...) {
    const std::lock_guard lock(state_.mutex);
    state_.core.return_claimed(slot, false, steady_now());
    throw;
  }
  send(check, *connection);
}

/// After an outage callers come back one, two, four at a time, not all at once; and only a few at
/// a time while the Engine is stuck on several containers.
void PoolMaintenance::let_callers_in(SteadyTime now, Watch& watch) {
  const bool degraded =
      state_.quarantine.with([now](const Quarantine& q) { return q.degraded(now); });
  bool news = false;
  {
    const std::lock_guard lock(state_.mutex);
    const auto most = state_.core.request_slots();
    const auto steps = (now - state_.recovered_at) / ramp_step;
    auto limit = steps >= 16 ? most : std::min(most, 1U << static_cast<unsigned>(steps));
    if (limit < most) watch.until = std::min(watch.until, now + ramp_step);
    if (degraded) limit = std::min(limit, degraded_limit);
    state_.core.limit_leases(limit);
    state_.core.dispatch(now);
    news = std::exchange(state_.degraded, degraded) != degraded;
  }
  if (degraded) watch.until = std::min(watch.until, now + leak_scan_interval);
  if (news) state_.log_degraded(degraded);
}

void PoolMaintenance::advise_on_size(SteadyTime now, Watch& watch) {
  watch.until = std::min(watch.until, advisor_.next_look());
  if (now < advisor_.next_look()) return;
  const auto stats = state_.stats();
  SizingAdvisor::Counts counts{
      .acquires = stats.wait_success.count() + stats.wait_failure.count(),
      .long_waits = long_waits(stats.wait_success) + long_waits(stats.wait_failure),
      .max_connections = stats.connections_max};
  {
    const std::lock_guard lock(state_.mutex);
    counts.peak = state_.core.take_recent_peak();
  }
  if (const auto advice = advisor_.look(counts, now)) {
    state_.logger.info("pool size", {{"pool", state_.name}, {"advice", *advice}});
  }
}

void PoolMaintenance::report_leaks(SteadyTime now, Watch& watch) {
  const auto threshold = state_.options.leak_threshold;
  if (threshold.count() == 0) return;
  std::vector<Holder> leaks;
  {
    const std::lock_guard lock(state_.mutex);
    for (SlotIndex index = 0; index < state_.core.request_slots(); ++index) {
      auto& slot = state_.core.slots()[index];
      if (slot.state != SlotState::leased || slot.leak_reported) continue;
      const auto due = slot.holder.since + threshold;
      if (now < due) {
        watch.until = std::min(watch.until, std::max(due, now + leak_scan_interval));
        continue;
      }
      slot.leak_reported = true;
      ++state_.leaks_detected;
      leaks.push_back(slot.holder);
    }
  }
  for (const auto& holder : leaks) state_.log_leak(holder, now);
}

void PoolMaintenance::watch_sockets(SteadyTime now, Watch& watch) const {
  const auto add = [&watch](int fd, short events) {
    if (fd >= 0) watch.descriptors.push_back({.fd = fd, .events = events, .revents = 0});
  };
  add(socket_watch_.fd(), POLLIN);
  for (const auto& check : checks_) {
    const auto& connection = *state_.connections[check.slot];
    add(connection.fd(), POLLIN);
    watch.until = std::min(watch.until, connection.next_limit());
    // A name that is being resolved has no descriptor to wait for, and a socket that is being
    // connected is not readable when it is.
    if (!connection.last_transfer().sent) {
      watch.until = std::min(watch.until, now + connecting_interval);
    }
  }
  const std::lock_guard lock(state_.mutex);
  // Idle ones for their end alone: the answers of a borrower are none of our business.
  for (const auto slot : state_.core.all_idle()) add(state_.connections[slot]->fd(), POLLRDHUP);
}

}  // namespace tidegauge::pool
