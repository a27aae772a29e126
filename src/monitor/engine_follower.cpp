#include "monitor/engine_follower.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tidegauge::monitor {

using namespace std::chrono_literals;

namespace {

constexpr auto replay_limit = 200ms;  // for the events that are told again
constexpr auto inventory_limit = 5s;  // for the inspects that the first page waits for
constexpr Milliseconds retry_pause = 200ms;
constexpr auto slow_reader = 2s;        // the Engine drops events for readers that slow
constexpr auto rest_limit = 100ms;      // for the last events of a stream that is left
constexpr auto silence = 10ms;          // after which nothing more has come on it
constexpr auto look_limit = 10s;        // between two looks at the clock and at the pace
constexpr auto long_life = 10s;         // of a stream that is not opened more rarely when it ends
constexpr auto short_life = 1s;         // likewise, where it was resumed without a list
constexpr auto no_more_losses = 10min;  // without an event that cannot be read
constexpr std::uint64_t ends_to_log = 5;
constexpr int intervals_per_list = 3;
constexpr int rest_per_list = 20;  // times as long as the list took

}  // namespace

EngineFollower::EngineFollower(std::string endpoint, docker::ClientManager& clients, Logger& logger,
                               FollowedEngine& engine, Heartbeats* heartbeats)
    : endpoint_(std::move(endpoint)),
      clients_(clients),
      logger_(logger),
      engine_(engine),
      heartbeats_(heartbeats),
      loop_(heartbeats),
      events_(endpoint_, "GET /events",
              "the containers are listed every three intervals or more rarely, and what happens to "
              "them is seen late or not at all",
              logger),
      inventories_({.first_pause = retry_pause}),
      streams_({.first_pause = retry_pause, .longest_pause = 30s}),
      losses_({.first_pause = retry_pause, .longest_pause = 5min}),
      pace_(engine.pace()) {}

void EngineFollower::follow(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    loop_.work_for(clients_.longest_turn());
    std::stop_source leave;
    const std::stop_callback forward(stop, [&leave] { leave.request_stop(); });
    const auto health = begin_following(leave);
    if (!health.up) {
      static_cast<void>(
          clients_.wait_for_change(endpoint_, health.version, loop_.beat(SteadyTime::max()), stop));
      continue;
    }
    const auto kept = keep_up(leave.get_token());
    if (stop.stop_requested()) return;
    if (kept) {
      inventories_.succeeded();
    } else if (kept.error().code != Errc::cancelled) {
      inventory_failed(kept.error());
    }
    wait_for_attempt(stop);
  }
}

/// Until the next attempt to keep up is due, or the health changes. Another pace may make the
/// attempt due at once.
void EngineFollower::wait_for_attempt(const std::stop_token& stop) {
  const auto first = clients_.health(endpoint_);
  auto health = first;
  while (health.up && health.version == first.version && !stop.stop_requested()) {
    follow_pace();
    const auto now = steady_now();
    if (now >= next_attempt_) return;
    const auto deadline = loop_.beat(std::min(next_attempt_, now + look_limit));
    health = clients_.wait_for_change(endpoint_, health.version, deadline, stop);
  }
}

/// Where the interval has changed, the containers are listed at once and then at the new distance.
void EngineFollower::follow_pace() {
  const auto before = std::exchange(pace_, engine_.pace());
  if (before.interval == pace_.interval) return;
  next_list_ = next_attempt_ = std::min(next_attempt_, steady_now());
}

void EngineFollower::watch_health(const std::stop_token& stop) {
  Heartbeats::Loop loop(heartbeats_);
  auto health = clients_.health(endpoint_);
  if (!health.up) engine_.engine_down(*health.reason);
  while (!stop.stop_requested()) {
    auto next =
        clients_.wait_for_change(endpoint_, health.version, loop.beat(SteadyTime::max()), stop);
    if (next.version == health.version) continue;
    health = std::move(next);
    if (health.up) {
      leave_stream_before(health.version);
    } else {
      engine_.engine_down(*health.reason);
    }
  }
}

pool::EngineHealth EngineFollower::begin_following(const std::stop_source& leave) {
  const MutexLock lock(mutex_);
  auto health = clients_.health(endpoint_);
  following_ = {.version = health.version, .leave = leave};
  return health;
}

/// A stream of before an outage is left for a new one, which begins with the inventory.
void EngineFollower::leave_stream_before(std::uint64_t version) {
  std::optional<std::stop_source> leave;
  {
    const MutexLock lock(mutex_);
    if (following_.version < version) leave = following_.leave;
  }
  if (leave) leave->request_stop();
}

/// Fails where the inventory cannot be kept. That a stream ends is no failure.
Result<void> EngineFollower::keep_up(const std::stop_token& stop) {
  next_attempt_ = steady_now() + retry_pause;
  if (!events_.is_due(steady_now())) return list_instead(stop);
  const auto since = engine_.follow_from();
  auto stream = clients_.events(
      endpoint_,
      {.since = since, .types = {"container", "network"}, .actions = Inventory::wanted_actions()},
      stop);
  if (stream) {
    events_.answered();
    lists_only_ = false;
    return follow_events(*stream, since.has_value(), stop);
  }
  if (stop.stop_requested() || !clients_.health(endpoint_).up) return fail(stream.error());
  events_.failed(stream.error(), steady_now());
  return list_instead(stop);
}

/// One failure may be a connection that was cut: what is known holds until a second try.
void EngineFollower::inventory_failed(const Error& reason) {
  static_cast<void>(inventories_.failed(steady_now()));  // `engine_down` limits the log
  const bool again = inventories_.failures() > 1;
  next_attempt_ = steady_now() + (again ? pace_.interval : inventories_.next_pause());
  if (again && clients_.health(endpoint_).up) engine_.engine_down(reason);
}

// --- by events ----------------------------------------------------------------------------------

/// The stream is opened before anything is asked, so that nothing falls between the two.
Result<void> EngineFollower::follow_events(docker::EventStream& stream, bool resumed,
                                           const std::stop_token& stop) {
  const auto opened = steady_now();
  const auto outages = engine_.outages();
  const bool forgotten = !engine_.is_up();  // at the start, and by an outage
  news_ = 0;
  // The Engine remembers the last events: if one of the replayed is known, none was missed.
  const bool complete = resumed && replay(stream, stop);
  if (!complete || forgotten) {
    const bool flapping = streams_.failures() > 0 && !forgotten;
    const auto scope = flapping ? InspectScope::changed : InspectScope::all;
    if (auto taken = take_inventory(scope, stop); !taken) return taken;
    engine_.await_inspects(steady_now() + inventory_limit, stop);
    if (stop.stop_requested()) return {};
  }
  if (inspects_owed_) inventory_due_ = std::min(inventory_due_, opened + long_life);
  if (clients_.health(endpoint_).up) engine_.engine_up(outages);
  auto listened = listen(stream, stop);
  const auto lasted = steady_now() - opened;
  const bool useful = complete && (news_ > 0 || lasted >= short_life);  // opening it was cheap
  const bool outage = engine_.outages() != outages;  // the pool paces what comes after it
  stream_ended(useful || outage || lasted >= long_life);
  return listened;
}

/// Whether one of the events told again is known.
bool EngineFollower::replay(docker::EventStream& stream, const std::stop_token& stop) {
  bool complete = false;
  const auto end = steady_now() + replay_limit;
  while (steady_now() < end) {
    const auto event = stream.next(end, stop);
    if (event && *event) {
      complete |= apply(**event) == Inventory::Effect::known;
    } else if (!event && event.error().code == Errc::bad_reply) {
      event_lost(event.error());
    } else {
      break;
    }
  }
  return complete;
}

/// Until the stream ends, or has to be left for another.
Result<void> EngineFollower::listen(docker::EventStream& stream, const std::stop_token& stop) {
  reconciled_at_ = steady_now();
  while (!stop.stop_requested()) {
    const bool up = engine_.is_up();
    if (!up && clients_.health(endpoint_).up) break;  // the inventory was forgotten
    follow_pace();
    auto deadline = steady_now() + look_limit;
    if (up) deadline = std::min({deadline, inventory_due_, reconcile_due()});
    deadline = loop_.beat(deadline, clients_.longest_turn());
    const auto event = stream.next(deadline, stop);
    const auto now = steady_now();
    if (now > deadline + slow_reader) inventory_due_ = std::min(inventory_due_, now);
    if (event) {
      if (!*event) return {};
      std::ignore = apply(**event);
    } else if (event.error().code == Errc::bad_reply) {
      event_lost(event.error());
    } else if (event.error().code == Errc::cancelled) {
      break;
    } else if (event.error().code != Errc::timeout && event.error().code != Errc::engine_down) {
      return {};  // the pool knows whether the Engine is down
    }
    if (!engine_.is_up()) continue;  // an Engine that stops tells events, and answers nothing
    if (auto looked = look_after_inventory(now, stop); !looked) return looked;
  }
  read_rest(stream);
  return {};
}

/// What the Engine of before an outage said last: the one after it does not tell it again.
void EngineFollower::read_rest(docker::EventStream& stream) {
  const auto end = steady_now() + rest_limit;
  while (steady_now() < end) {
    const auto event = stream.next(steady_now() + silence, {});
    if (event && *event) {
      std::ignore = apply(**event);
    } else if (event || event.error().code != Errc::bad_reply) {
      return;
    }
  }
}

Inventory::Effect EngineFollower::apply(const model::Event& event) {
  const auto effect = engine_.apply(event);
  if (effect != Inventory::Effect::known) ++news_;
  return effect;
}

/// However many are lost, the inventory is taken once, and ever more rarely while losses go on.
void EngineFollower::event_lost(const Error& reason) {
  if (inventory_due_ != SteadyTime::max()) return;
  const auto now = steady_now();
  if (last_loss_ && now - *last_loss_ > no_more_losses) losses_.succeeded();
  last_loss_ = now;
  const bool log_it = losses_.failed(now);
  inventory_due_ = now + losses_.next_pause();
  if (!log_it) return;
  logger_.warn("an event cannot be read: the containers are listed and inspected instead",
               {{"endpoint", endpoint_}, {"reason", reason.message}});
}

Result<void> EngineFollower::look_after_inventory(SteadyTime now, const std::stop_token& stop) {
  if (now >= inventory_due_) return take_inventory(InspectScope::all, stop);
  if (now < reconcile_due()) return {};
  reconciled_at_ = steady_now();
  return engine_.reconcile(stop);
}

Result<void> EngineFollower::take_inventory(InspectScope scope, const std::stop_token& stop) {
  auto taken = engine_.take_inventory(scope, stop);
  if (!taken) return taken;
  inspects_owed_ = scope == InspectScope::changed;
  inventory_due_ = SteadyTime::max();
  return {};
}

void EngineFollower::stream_ended(bool was_good) {
  if (was_good) {
    streams_.succeeded();
    next_attempt_ = steady_now() + retry_pause;
    return;
  }
  static_cast<void>(streams_.failed(steady_now()));  // one may end at any time: logged below
  next_attempt_ = steady_now() + streams_.next_pause();
  if (streams_.failures() != ends_to_log || !clients_.health(endpoint_).up) return;
  logger_.warn("the stream of events ends as soon as it is opened: it is opened more rarely",
               {{"endpoint", endpoint_}});
}

SteadyTime EngineFollower::reconcile_due() const {
  if (pace_.reconcile_interval.count() == 0) return SteadyTime::max();
  return reconciled_at_ + pace_.reconcile_interval;
}

// --- by lists -----------------------------------------------------------------------------------

/// A list costs some Engines milliseconds of CPU for each container, so lists follow each other at
/// a distance that grows with the time that the last one took.
Result<void> EngineFollower::list_instead(const std::stop_token& stop) {
  const auto outages = engine_.outages();
  const bool known = engine_.is_up() && lists_only_;
  if (!known || steady_now() >= next_list_) {
    const auto begun = steady_now();
    const auto scope = known ? InspectScope::changed : InspectScope::all;
    if (auto taken = take_inventory(scope, stop); !taken) return taken;
    const auto pause = std::max<std::chrono::nanoseconds>(intervals_per_list * pace_.interval,
                                                          rest_per_list * (steady_now() - begun));
    next_list_ = steady_now() + pause;
    lists_only_ = true;
    engine_.await_inspects(steady_now() + inventory_limit, stop);
    if (stop.stop_requested()) return {};
    if (clients_.health(endpoint_).up) engine_.engine_up(outages);
  }
  next_attempt_ = std::min(events_.next_try(), next_list_);
  return {};
}

}  // namespace tidegauge::monitor
