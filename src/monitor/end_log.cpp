#include "monitor/end_log.h"

#include <algorithm>
#include <ranges>
#include <string_view>

namespace tidegauge::monitor {

using model::RunEnd;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_ends = 1'000;
constexpr std::size_t most_observations = 8;  // of a kind: the last ones tell
constexpr auto patience = 500ms;              // after an event
constexpr auto patience_without_event = 2s;   // the event may still come
constexpr auto patience_with_check = 2500ms;  // of the Engine, while it does not answer
constexpr auto start_delay = 10s;             // from a start to its event, at most
constexpr auto patience_for_exit_time = 5s;   // an inspect shows it

template <class Observation>
void append(std::vector<Observation>& all, Observation observation) {
  if (all.size() == most_observations) all.erase(all.begin());
  all.push_back(std::move(observation));
}

/// A run of which the Engine tells now. If it was short, the kernel has told of its end before.
RunObservations begun(const RunObservations& seen, WallTime at) {
  const auto earliest = at - start_delay;
  RunObservations run{.started_at = at};
  if (seen.use && seen.use->read_at >= earliest) run.use = seen.use;
  for (const auto& kill : seen.memory_kills) {
    if (kill.source == model::Evidence::Source::kernel && kill.at >= earliest) {
      run.memory_kills.push_back(kill);
    }
  }
  return run;
}

std::string label(const model::Container& container, std::string_view key) {
  return std::string(model::find_label(container, key).value_or(""));
}

RunEnd described(const model::Container& container) {
  return {.name = container.name,
          .id = container.id,
          .image = container.image,
          .image_id = container.image_id,
          .project = label(container, "com.docker.compose.project"),
          .service = label(container, "com.docker.compose.service")};
}

void learn_limit(RunObservations& seen, const model::Container& container) {
  seen.memory_limit_bytes = container.limits.memory_bytes;
  seen.has_no_limit = !container.limits.memory_bytes;
}

/// Whether the policy would start the container again after such an end, if it had not given up.
bool is_for_policy(const RunObservations& seen) {
  const auto cause = decide(seen).cause;
  using enum model::EndCause;
  return cause == error || cause == signal || cause == oom || cause == host_oom;
}

}  // namespace

void EndLog::restore(const model::RunEnds& ends) {
  for (const auto& end : ends) {
    last_number_ = std::max(last_number_, end->number);
    ends_.push_back({.end = *end, .shown = end});
  }
  while (ends_.size() > most_ends) ends_.pop_front();
  latest_.reset();
}

// --- what is observed of a container ------------------------------------------------------------

/// An inspect may be ahead of the events, and have shown the end of the run that begins here.
void EndLog::started(const std::string& id, WallTime at) {
  const auto* const over = last_end_without_start_of(id);
  if (over != nullptr && over->seen.events_missed && at < over->seen.ended_at) return;
  observe_after_end(id, [&](RunObservations& seen) { seen.started_again = {.at = at}; });
  auto& run = running_[id];
  run = begun(run, at);
}

void EndLog::asked_to_kill(const std::string& id, AskedKill kill) {
  observe(id, [&](RunObservations& seen) { append(seen.kills, kill); });
}

/// Since 26 the Engine may tell of the stop before it tells of the end.
void EndLog::stopped(const std::string& id, WallTime at) {
  if (last_end_without_start_of(id) == nullptr) {
    running_[id].stopped_at = at;
  } else {
    observe_after_end(id, [&](RunObservations& seen) { seen.stopped_at = at; });
  }
}

void EndLog::removed(const std::string& id, WallTime at) {
  observe_after_end(id, [&](RunObservations& seen) { seen.removed_at = at; });
  running_.erase(id);
}

void EndLog::killed_for_memory(const std::string& id, MemoryKill kill) {
  observe(id, [&](RunObservations& seen) { append(seen.memory_kills, kill); });
}

/// Where the last end has its reading, this is that of a run whose start is yet to be told.
void EndLog::read_finally(const std::string& id, const model::RunUse& use) {
  const auto* const over = last_end_without_start_of(id);
  if (over != nullptr && over->seen.use && over->seen.use->is_final) {
    running_[id].use = use;
    return;
  }
  observe(id, [&](RunObservations& seen) { seen.use = use; });
}

/// The Engine's own count of restarts is that of its policy: a start by hand sets it to 0.
void EndLog::inspected(const model::Container& container) {
  auto* const last = last_end_of(container.id);
  if (last == nullptr) return;
  auto& seen = last->seen;
  if (last->due) learn_limit(seen, container);
  learn_exit_time(*last, container);
  const bool runs = model::has_processes(container.state);
  if (runs) {
    if (!seen.started_again)
      seen.started_again = {.at = container.started_at.value_or(seen.ended_at)};
    if (container.restart_count.value_or(0) > 0 && !seen.started_again->attempt) {
      seen.started_again->attempt = container.restart_count;
    }
  } else if (container.state == model::ContainerState::exited &&
             container.restart_policy.starts_with("on-failure") && !seen.started_again) {
    seen.gave_up = is_for_policy(seen);
  }
  update(*last);
}

void EndLog::learn_exit_time(Known& known, const model::Container& container) {
  auto& seen = known.seen;
  if (container.finished_at && *container.finished_at <= seen.ended_at) {
    seen.exited_at = container.finished_at;
  }
  if (!std::exchange(known.awaits_exit_time, false) || !known.due) return;
  known.due = known.found_at + patience;
  decide_if_told(known);
}

void EndLog::add_log_lines(const std::string& id, std::vector<std::string> lines) {
  auto* const last = last_end_of(id);
  if (last == nullptr) return;
  last->end.log_lines = std::move(lines);
  update(*last);
}

/// What is observed belongs to the present run, unless the last one has ended and no other began.
void EndLog::observe(const std::string& id, const std::function<void(RunObservations&)>& add) {
  auto* const over = last_end_without_start_of(id);
  add(over != nullptr ? over->seen : running_[id]);
  if (over == nullptr) return;
  await_check(*over);
  update(*over);
}

/// The observation follows an end and tells all that the decision waits for.
void EndLog::observe_after_end(const std::string& id,
                               const std::function<void(RunObservations&)>& add) {
  auto* const over = last_end_without_start_of(id);
  if (over == nullptr) return;
  add(over->seen);
  await_check(*over);
  decide_if_told(*over);
  update(*over);
}

// --- ends ---------------------------------------------------------------------------------------

void EndLog::ended(const FoundEnd& found, const Circumstances& at_end, SteadyTime now) {
  const auto& id = at_end.container.id;
  if (is_event_of_known_end(id, found)) return complete(id, found);
  if (ends_.size() == most_ends) drop_oldest();
  auto& known = ends_.emplace_back();
  known.end = described(at_end.container);
  known.end.number = ++last_number_;
  known.seen = take_seen(found, at_end);
  known.found_at = now;
  known.due = now + (known.seen.events_missed ? patience_without_event : patience);
  known.awaits_exit_time = depends_on_exit_time(known.seen);
  if (known.awaits_exit_time) known.due = now + patience_for_exit_time;
  ++undecided_;
  await_check(known);
}

/// The answer that a container has ended, or is gone, may be ahead of the event of its end.
bool EndLog::is_event_of_known_end(const std::string& id, const FoundEnd& found) {
  if (found.by != FoundEnd::By::event) return found.by == FoundEnd::By::late_event;
  const auto* const last = last_end_of(id);
  if (last == nullptr || !last->seen.events_missed) return false;
  const auto& seen = last->seen;
  if (!seen.exit_code) return seen.removed_at.has_value();  // its id never runs again
  return !seen.started_again && !(found.started_at > seen.ended_at);
}

/// What has been observed of the run that has ended. Of a lost end nobody knows which observations
/// are its own, unless there is no later run.
RunObservations EndLog::take_seen(const FoundEnd& found, const Circumstances& at_end) {
  RunObservations seen;
  const bool is_lost = !found.exit_code && found.by == FoundEnd::By::inspect;
  const bool is_last_run = !is_lost || at_end.is_removed;
  if (is_last_run) {
    if (const auto run = running_.extract(at_end.container.id)) seen = std::move(run.mapped());
  }
  seen.started_at = found.started_at;
  seen.ended_at = found.at;
  seen.exit_code = found.exit_code;
  seen.events_missed = found.by == FoundEnd::By::inspect;
  seen.with_engine = at_end.with_engine;
  if (at_end.is_inspected) learn_limit(seen, at_end.container);
  seen.start_error = at_end.start_error;
  if (at_end.is_removed) {
    seen.removed_at = found.at;
  } else if (is_lost) {
    seen.started_again = {.at = found.at};
  }
  if (!seen.use) seen.use = at_end.last_use;
  return seen;
}

/// Of an end that the Engine was asked for, a check tells whether the Engine is ending itself.
void EndLog::await_check(Known& known) {
  if (!known.due || known.awaits_check || known.is_checked) return;
  const auto cause = monitor::decide(known.seen).cause;
  if (cause != model::EndCause::stopped && cause != model::EndCause::killed) return;
  known.awaits_check = wants_check_ = true;
  known.due = known.found_at + patience_with_check;
}

void EndLog::engine_checked(SteadyTime asked_at, bool ending) {
  for (auto& known : ends_) {
    if (!known.awaits_check || known.found_at > asked_at) continue;
    known.awaits_check = false;
    known.is_checked = true;
    known.seen.with_engine = known.seen.with_engine || ending;
    if (known.due) known.due = known.found_at + patience;
    decide_if_told(known);
    update(known);
  }
}

/// Decides at once where nothing can come any more that matters.
void EndLog::decide_if_told(Known& known) {
  const auto& seen = known.seen;
  const bool told = seen.stopped_at || seen.removed_at || seen.started_again;
  const bool waits = known.awaits_check || (known.awaits_exit_time && !seen.removed_at);
  if (known.due && told && !waits && !seen.events_missed) decide(known);
}

void EndLog::drop_oldest() {
  if (ends_.front().due) decide(ends_.front());
  ends_.pop_front();
  latest_.reset();
}

/// Of several ends without an event the oldest is told of first. An Engine that was restarted never
/// tells of those before.
void EndLog::complete(const std::string& id, const FoundEnd& found) {
  const auto known = std::ranges::find_if(ends_, [&](const Known& candidate) {
    const auto& seen = candidate.seen;
    const bool is_later = seen.started_again && found.at > seen.started_again->at;
    return candidate.end.id == id && seen.events_missed && !is_later;
  });
  if (known == ends_.end()) return;
  auto& seen = known->seen;
  seen.events_missed = false;
  if (!seen.exit_code) seen.ended_at = found.at;
  if (found.exit_code) seen.exit_code = found.exit_code;
  if (const auto run = running_.find(id); run != running_.end() && !seen.started_again) {
    seen.kills = std::move(run->second.kills);
    running_.erase(run);
  }
  update(*known);
}

void EndLog::engine_gone() {
  for (auto& known : ends_) {
    if (known.due) known.seen.with_engine = true;
  }
}

std::optional<SteadyTime> EndLog::next_due() const {
  std::optional<SteadyTime> next;
  if (undecided_ == 0) return next;
  for (const auto& known : ends_) {
    if (known.due) next = std::min(next.value_or(*known.due), *known.due);
  }
  return next;
}

std::vector<std::shared_ptr<const RunEnd>> EndLog::take_decided(SteadyTime now) {
  if (undecided_ > 0) {
    for (auto& known : ends_) {
      if (known.due && *known.due <= now) decide(known);
    }
  }
  return std::exchange(decided_, {});
}

std::shared_ptr<const model::RunEnds> EndLog::latest() {
  if (latest_) return latest_;
  auto all = std::make_shared<model::RunEnds>();
  for (const auto& known : ends_) {
    if (known.shown) all->push_back(known.shown);
  }
  latest_ = std::move(all);
  return latest_;
}

const RunObservations* EndLog::last_seen_of(const std::string& id) {
  const auto* const last = last_end_of(id);
  return last == nullptr ? nullptr : &last->seen;
}

EndLog::Known* EndLog::last_end_of(const std::string& id) {
  for (auto& known : ends_ | std::views::reverse) {
    // Nothing was seen of an end of before this start of the daemon that could correct the end.
    if (known.end.id == id) return known.seen.ended_at == WallTime{} ? nullptr : &known;
  }
  return nullptr;
}

EndLog::Known* EndLog::last_end_without_start_of(const std::string& id) {
  auto* const last = last_end_of(id);
  return last != nullptr && !last->seen.started_again ? last : nullptr;
}

void EndLog::decide(Known& known) {
  known.due.reset();
  --undecided_;
  known.shown = std::make_shared<const RunEnd>();  // decided: `update` shows it
  update(known);
  decided_.push_back(known.shown);
}

/// Shows a decided end as it is seen now.
void EndLog::update(Known& known) {
  if (!known.shown) return;
  auto& end = known.end;
  const auto& seen = known.seen;
  const auto [cause, signal] = monitor::decide(seen);
  end.started_at = seen.started_at;
  end.ended_at = seen.ended_at;
  end.exit_code = seen.exit_code;
  end.signal = signal;
  end.cause = cause;
  end.evidence = evidence_of(seen);
  end.memory_limit_bytes = seen.memory_limit_bytes;
  end.use = seen.use;
  end.aftermath = aftermath_of(seen);
  if (*known.shown == end) return;
  known.shown = std::make_shared<const RunEnd>(end);
  latest_.reset();
}

}  // namespace tidegauge::monitor
