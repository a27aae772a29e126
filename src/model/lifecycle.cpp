#include "tidegauge/model/lifecycle.h"

#include <algorithm>
#include <cstddef>

namespace tidegauge::model {

Lifecycle& Lifecycle::operator+=(const Lifecycle& other) noexcept {
  const bool counts = counted_since != WallTime{};
  counted_since = counts ? std::min(counted_since, other.counted_since) : other.counted_since;
  restarts += other.restarts;
  if (oom_events) *oom_events += other.oom_events.value_or(0);
  for (std::size_t i = 0; i < exits.size(); ++i) exits[i] += other.exits[i];
  for (std::size_t i = 0; i < health_transitions.size(); ++i) {
    health_transitions[i] += other.health_transitions[i];
  }
  if (!last_run || (other.last_run && other.last_exit_at > last_exit_at)) {
    last_run = other.last_run;
  }
  finished_runs.count += other.finished_runs.count;
  finished_runs.cpu_seconds += other.finished_runs.cpu_seconds;
  finished_runs.duration_seconds += other.finished_runs.duration_seconds;
  last_exit_at = std::max(last_exit_at, other.last_exit_at);
  last_oom_at = std::max(last_oom_at, other.last_oom_at);
  return *this;
}

void count_end(const RunEnd& end, Lifecycle& lifecycle) {
  ++lifecycle.exits[static_cast<std::size_t>(end.cause)];
  lifecycle.last_exit_at = std::max(lifecycle.last_exit_at, std::optional(end.ended_at));
  auto& last = lifecycle.last_run.emplace(LastRun{.cause = end.cause, .signal = end.signal});
  if (end.cause == EndCause::not_started) return;
  auto& finished = lifecycle.finished_runs;
  ++finished.count;
  // Nothing tells when a run has ended that was not seen to end.
  if (end.exit_code) last.duration_seconds = duration_seconds(end);
  finished.duration_seconds += last.duration_seconds.value_or(0);
  if (!end.use) return;
  last.cpu_seconds = end.use->cpu_seconds;
  last.memory_peak_bytes = end.use->memory_peak_bytes;
  finished.cpu_seconds += last.cpu_seconds.value_or(0);
}

bool is_blank(const Lifecycle& lifecycle) noexcept {
  const auto is_zero = [](std::uint64_t count) { return count == 0; };
  return lifecycle.restarts == 0 && lifecycle.oom_events.value_or(0) == 0 &&
         std::ranges::all_of(lifecycle.exits, is_zero) &&
         std::ranges::all_of(lifecycle.health_transitions, is_zero);
}

}  // namespace tidegauge::model
