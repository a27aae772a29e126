#include "monitor/run_history.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tidegauge::monitor {

using model::Container;
using model::Lifecycle;
using namespace std::chrono_literals;

namespace {

/// The event of a start is later than the start that it tells of, by less than this.
constexpr auto event_delay = 2s;
constexpr int exit_code_of_sigkill = 137;

void count_oom(WallTime at, Lifecycle& counts) {
  ++*counts.oom_events;
  counts.last_oom_at = at;
}

bool has_ended(const Container& container) {
  return !model::has_processes(container.state) && container.finished_at && container.exit_code;
}

/// Whether a run that goes on has had one before it. Of a run that is over this is not to be seen:
/// the Engine dates the end of a very short one before its start.
bool has_earlier_end(const Container& container) {
  return model::has_processes(container.state) && container.finished_at &&
         container.finished_at < container.started_at;
}

}  // namespace

bool RunHistory::started(WallTime at, Lifecycle& counts) {
  if (is_late_start(at)) return false;
  settle(nullptr, counts);
  // The event of a run is later than the run's start: this one is of a run before the one shown.
  const bool shown_is_later = run_.exact && at < *run_.started_at;
  const bool has_earlier = run_.has_earlier && !shown_is_later;
  const bool ended = run_.end == End::counted || run_.end == End::untold || run_.told ||
                     has_earlier || found_run_;  // which is a later one
  const bool is_first = was_inspected_ && !run_.started_at;
  if (ended) {
    restart(counts);
    if (run_.end == End::untold) add_end(FoundEnd::By::event, *run_.ended_at, {}, counts);
    if (run_.end == End::none && run_.told) add_lost_end(run_, at);
  } else if (!is_first) {
    doubted_ = run_;
  }
  if (!found_run_) found_end_.reset();
  if (!found_run_ && found_oom_ == WallTime::max()) found_oom_.reset();
  run_ = {.started_at = at, .told = true};
  return true;
}

void RunHistory::ended(WallTime at, std::optional<int> exit_code, Lifecycle& counts) {
  catch_up(at);
  run_.ended_at = at;
  const bool is_late = is_late_end(at);
  run_.end = exit_code || is_late ? End::counted : End::untold;
  if (run_.end == End::untold) return;
  add_end(is_late ? FoundEnd::By::late_event : FoundEnd::By::event, at, exit_code, counts);
}

void RunHistory::out_of_memory(WallTime at, Lifecycle& counts) {
  catch_up(at);
  if (const auto found = std::exchange(found_oom_, std::nullopt); found && at <= *found) return;
  run_.oom = true;
  count_oom(at, counts);
}

void RunHistory::inspected(const Container& container, const Container& before,
                           std::optional<WallTime> engine_now, Lifecycle& counts) {
  const bool after_gap = std::exchange(gap_, false);
  settle(&container, counts);
  if (!was_inspected_) find_first(container);
  if (after_gap || run_.end == End::untold) find_missed(container, before, counts);
  if (!is_another_run(container)) {
    if (container.started_at) {
      latest().started_at = container.started_at;
      latest().exact = true;
    }
    find_oom(container, after_gap, engine_now, counts);
  }
  was_inspected_ = true;
  restarts_since_inspect_ = 0;
}

void RunHistory::restart(Lifecycle& counts) noexcept {
  ++counts.restarts;
  ++restarts_since_inspect_;
}

void RunHistory::add_end(FoundEnd::By by, WallTime at, std::optional<int> exit_code,
                         Lifecycle& counts) {
  const auto& run = by == FoundEnd::By::inspect ? latest() : run_;
  ends_.push_back({.by = by, .at = at, .exit_code = exit_code, .started_at = run.started_at});
  counts.last_exit_at = std::max(counts.last_exit_at, std::optional(at));
}

/// Another run has started, so that `run` must have ended.
void RunHistory::add_lost_end(const Run& run, WallTime next_start) {
  ends_.push_back({.by = FoundEnd::By::inspect, .at = next_start, .started_at = run.started_at});
}

/// Whether it is the event of an end that was found without one.
bool RunHistory::is_late_end(WallTime at) {
  if (found_run_ && at <= *found_run_->started_at && lost_ends_ > 0) {
    --lost_ends_;
    return true;
  }
  return !found_run_ && std::exchange(found_end_, std::nullopt).has_value();
}

/// Whether it is the event of what was counted without one.
bool RunHistory::is_late_start(WallTime at) {
  if (!found_run_) return false;
  if (at < *found_run_->started_at) {
    if (found_restarts_ == 0) return false;
    --found_restarts_;
    return true;
  }
  run_ = *std::exchange(found_run_, std::nullopt);
  run_.told = true;
  lost_ends_ = 0;
  return true;
}

/// What happens after the start of a run that was found belongs to that: its event is lost.
void RunHistory::catch_up(WallTime at) {
  if (!found_run_ || at <= *found_run_->started_at) return;
  run_ = *std::exchange(found_run_, std::nullopt);
  lost_ends_ = 0;
}

/// Decides about a start that was in doubt. An inspect that is ahead of the events shows a later
/// run; then, and without one, the time has to do.
void RunHistory::settle(const Container* container, Lifecycle& counts) {
  const auto known = std::exchange(doubted_, std::nullopt);
  if (!known) return;
  const bool shown = container != nullptr && container->started_at <= run_.started_at;
  const auto started_at = shown ? container->started_at : run_.started_at;
  bool is_other = known->started_at.has_value();
  if (is_other)
    is_other = shown && known->exact ? started_at != known->started_at
                                     : *started_at - *known->started_at > event_delay;
  if (is_other || (shown && has_earlier_end(*container))) {
    restart(counts);
    if (is_other && known->end == End::none) add_lost_end(*known, *run_.started_at);
  } else {
    run_.oom = run_.oom || known->oom;
  }
}

void RunHistory::find_first(const Container& container) {
  if (run_.told) return;
  if (run_.end == End::none && has_ended(container)) run_.end = End::found;
  run_.has_earlier = has_earlier_end(container);
}

/// Whether it shows a later run than the one known: it is ahead of the events, or they are lost.
bool RunHistory::is_another_run(const Container& container) const {
  const auto& run = found_run_ ? *found_run_ : run_;
  if (!container.started_at) return false;
  if (!run.started_at) return run.ended_at && container.started_at > run.ended_at;
  return run.exact ? container.started_at != run.started_at : container.started_at > run.started_at;
}

/// After a gap: what differs from what was known has happened, at least once.
void RunHistory::find_missed(const Container& container, const Container& before,
                             Lifecycle& counts) {
  if (is_another_run(container)) {
    // The Engine's own count tells of several, less those that events have told of.
    const auto known = before.restart_count.value_or(0) + restarts_since_inspect_;
    const auto missed = std::max(container.restart_count.value_or(0), known + 1) - known;
    counts.restarts += missed;
    find_lost_ends(missed, container);
    found_restarts_ = (found_run_ ? found_restarts_ + 1 : 0) + missed - 1;
    found_run_ = {.started_at = container.started_at, .exact = true};
    found_end_.reset();
    found_oom_.reset();
    // How the run before has ended is lost, but not when.
    counts.last_exit_at = std::max(counts.last_exit_at, container.finished_at);
  }
  auto& run = latest();
  if (!has_ended(container) || run.end == End::counted || run.end == End::found) return;
  if (run.end == End::none) found_end_ = container.finished_at;
  const auto by = run.end == End::untold ? FoundEnd::By::event : FoundEnd::By::inspect;
  run.end = End::counted;
  add_end(by, *container.finished_at, container.exit_code, counts);
}

/// Before each restart that was missed, a run has ended; the end of the first may be known.
void RunHistory::find_lost_ends(std::uint64_t restarts, const Container& container) {
  const auto& first = latest();
  const bool first_is_known = first.end != End::none;
  if (first.end == End::untold) {
    ends_.push_back(
        {.by = FoundEnd::By::event, .at = *first.ended_at, .started_at = first.started_at});
  }
  const auto lost = restarts - (first_is_known ? 1 : 0);
  for (std::uint64_t i = 0; i < lost; ++i) {
    add_lost_end(i == 0 && !first_is_known ? first : Run{}, *container.started_at);
  }
  lost_ends_ = (found_run_ ? lost_ends_ : 0) + lost;
}

void RunHistory::find_oom(const Container& container, bool after_gap,
                          std::optional<WallTime> engine_now, Lifecycle& counts) {
  auto& run = latest();
  const bool ahead = has_ended(container) && run.ended_at && container.finished_at > run.ended_at;
  if (!container.oom_killed || ahead || std::exchange(run.oom, true)) return;
  if (has_ended(container)) {
    if (run.end != End::counted || *container.exit_code != exit_code_of_sigkill) return;
    count_oom(*container.finished_at, counts);
    found_oom_ = WallTime::max();  // of a run that is over there can be no other
  } else if (after_gap && engine_now) {
    count_oom(*engine_now, counts);
    found_oom_ = *engine_now + event_delay;
  }
}

}  // namespace tidegauge::monitor
