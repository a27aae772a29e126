#include "pool/pool_maintenance.h"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace tidegauge::pool {

using model::CloseReason;
using namespace std::chrono_literals;

namespace {

constexpr auto leak_scan_interval = 1s;
constexpr auto connecting_interval = 10ms;
// After an outage the limit of leases doubles this often.
constexpr auto ramp_step = 50ms;
constexpr std::uint32_t degraded_limit = 2;
// An Engine that stops waits 10 s for all of its containers, and sends how each of them ends. This
// long after the beginning of an outage its streams are closed.
constexpr auto stream_limit = 30s;
// This long after the end of an outage they are closed: no more events come, but those that have
// come are read.
constexpr auto stream_drain = 1s;

}  // namespace

PoolMaintenance::PoolMaintenance(PoolState& state)
    : state_(state),
      socket_watch_(state.address),
      advisor_(steady_now()),
      suspicion_pace_({.first_pause = shortest_probe_interval,
                       .longest_pause = state.options.health_check_interval}) {}

void PoolMaintenance::run(SteadyTime now, PollSet& poll_set) {
  look_for_socket(now);
  advance_probes(now);
  follow_outages(now);
  end_old_streams(now, poll_set);
  close_dead(now);
  close_old(now, poll_set);
  start_probes(now, poll_set);
  raise_lease_limit(now, poll_set);
  report_leaks(now, poll_set);
  advise_on_size(now, poll_set);
  add_descriptors(now, poll_set);
}

void PoolMaintenance::look_for_socket(SteadyTime now) {
  if (!socket_watch_.appeared()) return;
  socket_appeared_ = now;
  const MutexLock lock(state_.mutex);
  // A new socket while the old Engine still answers means that the Engine restarts.
  state_.suspect(Suspicion::ping);
}

void PoolMaintenance::follow_outages(SteadyTime now) {
  bool down = false;
  {
    const MutexLock lock(state_.mutex);
    down = state_.breaker.cause() != nullptr;
  }
  if (down == std::exchange(was_down_, down)) return;
  if (down) return begin_outage();
  if (streams_end_ != SteadyTime::max()) streams_end_ = std::min(streams_end_, now + stream_drain);
}

/// Aborts the calls in flight, which can only fail, and marks all sockets as outdated. Streams stay
/// open: an Engine that stops takes no more calls, but sends on its streams how its containers end.
void PoolMaintenance::begin_outage() {
  const auto now = steady_now();  // later than the start of every lease
  refuses_head_ = false;
  keeps_connections_ = true;  // the Engine may behave differently after a restart
  suspicion_pace_.succeeded();
  std::vector<http::Connection*> calls;
  std::vector<http::Connection*> left_over;  // streams from before the previous outage
  std::vector<http::Connection*> streams;
  {
    const MutexLock lock(state_.mutex);
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

void PoolMaintenance::end_old_streams(SteadyTime now, PollSet& poll_set) {
  if (now < streams_end_) {
    poll_set.until = std::min(poll_set.until, streams_end_);
    return;
  }
  streams_end_ = SteadyTime::max();
  std::vector<http::Connection*> streams;
  {
    const MutexLock lock(state_.mutex);
    streams = state_.lent_to_streams(outage_began_);
  }
  for (auto* const connection : streams) connection->abort(Errc::engine_down);
}

/// Closes the sockets that the Engine has closed while they were idle.
void PoolMaintenance::close_dead(SteadyTime now) {
  std::vector<SlotIndex> slots;
  std::vector<pollfd> sockets;
  {
    const MutexLock lock(state_.mutex);
    for (const auto slot : state_.core.all_idle()) {
      slots.push_back(slot);
      sockets.push_back(
          {.fd = state_.connections[slot]->fd(), .events = POLLIN | POLLRDHUP, .revents = 0});
    }
  }
  if (sockets.empty() || ::poll(sockets.data(), sockets.size(), 0) <= 0) return;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if (sockets[i].revents == 0 || !claim_suspect(slots[i])) continue;
    if (state_.connection_of(slots[i])->alive()) {
      const MutexLock lock(state_.mutex);
      state_.core.return_claimed(slots[i], true, now);
    } else {
      if (state_.held_slot(slots[i]).uses == 0) keeps_connections_ = false;
      close_claimed(slots[i], CloseReason::peer_closed, now);
    }
  }
}

/// False where the slot was lent in the meantime: then its holder finds the dead socket.
bool PoolMaintenance::claim_suspect(SlotIndex slot) {
  const MutexLock lock(state_.mutex);
  if (!state_.core.claim(slot)) return false;
  state_.suspect(Suspicion::ping);
  return true;
}

void PoolMaintenance::close_old(SteadyTime now, PollSet& poll_set) {
  std::vector<std::pair<SlotIndex, CloseReason>> old;
  {
    const MutexLock lock(state_.mutex);
    old = find_old(now, poll_set);
    for (const auto& [slot, reason] : old) state_.core.claim(slot);
  }
  for (const auto& [slot, reason] : old) close_claimed(slot, reason, now);
}

/// Idle sockets of an Engine that is gone, past their lifetime, or unused for too long. Of those
/// that are unused no more than a quarter is closed at a time, and the minimum stays.
std::vector<std::pair<SlotIndex, CloseReason>> PoolMaintenance::find_old(SteadyTime now,
                                                                         PollSet& poll_set) const {
  const auto& options = state_.options;
  const auto connected = state_.core.idle().size() + state_.core.leased();
  const auto spare = connected - std::min<std::size_t>(connected, options.min_connections);
  auto quota = std::min(spare, (state_.core.idle().size() + 3) / 4);
  std::vector<std::pair<SlotIndex, CloseReason>> old;
  for (const auto index : state_.core.all_idle()) {
    const auto& slot = state_.core.slots()[index];
    const bool kept =
        options.idle_timeout.count() == 0 || (quota == 0 && !state_.core.is_stream_slot(index));
    const auto unused_until = kept ? SteadyTime::max() : slot.last_used + options.idle_timeout;
    if (state_.core.outdated(slot)) {
      old.emplace_back(index, CloseReason::reset);
    } else if (now >= slot.expires) {
      old.emplace_back(index, CloseReason::lifetime);
    } else if (now >= unused_until) {
      old.emplace_back(index, CloseReason::idle);
      if (!state_.core.is_stream_slot(index)) --quota;
    } else {
      poll_set.until = std::min({poll_set.until, slot.expires, unused_until});
    }
  }
  return old;
}

void PoolMaintenance::close_claimed(SlotIndex slot, CloseReason reason, SteadyTime now) {
  state_.close_socket(slot, reason);
  const MutexLock lock(state_.mutex);
  state_.core.return_claimed(slot, false, now);
}

/// After an outage the limit of leases grows from one to two, four and so on, so that callers do
/// not all come back at once. The limit is low while the Engine is stuck on several containers.
void PoolMaintenance::raise_lease_limit(SteadyTime now, PollSet& poll_set) {
  const bool degraded =
      state_.quarantine.with([now](const Quarantine& q) { return q.degraded(now); });
  bool changed = false;
  {
    const MutexLock lock(state_.mutex);
    const auto most = state_.core.request_slots();
    const auto steps = (now - state_.recovered_at) / ramp_step;
    auto limit = steps >= 16 ? most : std::min(most, 1U << static_cast<unsigned>(steps));
    if (limit < most) poll_set.until = std::min(poll_set.until, now + ramp_step);
    if (degraded) limit = std::min(limit, degraded_limit);
    state_.core.limit_leases(limit);
    state_.core.dispatch(now);
    changed = std::exchange(state_.degraded, degraded) != degraded;
  }
  if (degraded) poll_set.until = std::min(poll_set.until, now + leak_scan_interval);
  if (changed) state_.log_degraded(degraded);
}

void PoolMaintenance::advise_on_size(SteadyTime now, PollSet& poll_set) {
  poll_set.until = std::min(poll_set.until, advisor_.next_look());
  if (now < advisor_.next_look()) return;
  const auto stats = state_.stats();
  SizingAdvisor::Counts counts{
      .acquires = stats.wait_success.count() + stats.wait_failure.count(),
      .long_waits = long_waits(stats.wait_success) + long_waits(stats.wait_failure),
      .max_connections = stats.connections_max};
  {
    const MutexLock lock(state_.mutex);
    counts.peak = state_.core.take_recent_peak();
  }
  if (const auto advice = advisor_.look(counts, now)) {
    state_.logger.info("pool size", {{"endpoint", state_.name}, {"advice", *advice}});
  }
}

void PoolMaintenance::report_leaks(SteadyTime now, PollSet& poll_set) {
  const auto threshold = state_.options.leak_threshold;
  if (threshold.count() == 0) return;
  std::vector<Holder> leaks;
  {
    const MutexLock lock(state_.mutex);
    for (SlotIndex index = 0; index < state_.core.request_slots(); ++index) {
      auto& slot = state_.core.slots()[index];
      if (slot.state != SlotState::leased || slot.leak_reported) continue;
      const auto due = slot.holder.since + threshold;
      if (now < due) {
        poll_set.until = std::min(poll_set.until, std::max(due, now + leak_scan_interval));
        continue;
      }
      slot.leak_reported = true;
      ++state_.counters.leaks_detected;
      leaks.push_back(slot.holder);
    }
  }
  for (const auto& holder : leaks) state_.log_leak(holder, now);
}

void PoolMaintenance::add_descriptors(SteadyTime now, PollSet& poll_set) const {
  const auto add = [&poll_set](int fd, short events) {
    if (fd >= 0) poll_set.descriptors.push_back({.fd = fd, .events = events, .revents = 0});
  };
  add(socket_watch_.fd(), POLLIN);
  for (const auto& probe : probes_) {
    const auto& connection = *state_.connection_of(probe.slot);
    add(connection.fd(), POLLIN);
    poll_set.until = std::min(poll_set.until, connection.next_limit());
    // While a name is resolved there is no descriptor to wait for, and a socket does not become
    // readable when it is connected.
    if (!connection.last_transfer().sent) {
      poll_set.until = std::min(poll_set.until, now + connecting_interval);
    }
  }
  const MutexLock lock(state_.mutex);
  // POLLRDHUP alone: a slot may be lent while this thread polls, and its answer is its holder's.
  for (const auto slot : state_.core.all_idle()) add(state_.connections[slot]->fd(), POLLRDHUP);
}

}  // namespace tidegauge::pool
