#pragma once

// What is saved of an Engine, as rapidcheck makes it up, of any content that can be written and
// read back.

#include <memory>
#include <string>
#include <utility>

#include "app/any_end.h"
#include "tidegauge/monitor/restored_state.h"

namespace tidegauge::test {

inline model::LastRun any_last_run() {
  return {.cause = *rc::gen::elementOf(model::end_causes),
          .signal = maybe(any_number),
          .duration_seconds = maybe(any_seconds),
          .cpu_seconds = maybe(any_seconds),
          .memory_peak_bytes = maybe(any_count)};
}

inline std::pair<std::string, model::Lifecycle> any_lifecycle() {
  model::Lifecycle lifecycle{
      .counted_since = any_time(),
      .restarts = any_count(),
      .oom_events = maybe(any_count),
      .last_exit_at = maybe(any_time),
      .last_oom_at = maybe(any_time),
      .last_run = maybe(any_last_run),
      .finished_runs = {
          .count = any_count(), .cpu_seconds = any_seconds(), .duration_seconds = any_seconds()}};
  for (auto& count : lifecycle.exits) count = any_count();
  for (auto& count : lifecycle.health_transitions) count = any_count();
  return {any_text(), lifecycle};
}

inline monitor::RestoredState any_state() {
  monitor::RestoredState state{.ends = {}, .lifecycles = {}, .saved_at = any_time()};
  for (int left = *rc::gen::inRange(0, 5); left > 0; --left) {
    state.ends.push_back(std::make_shared<const model::RunEnd>(any_end()));
  }
  for (int left = *rc::gen::inRange(0, 5); left > 0; --left) {
    state.lifecycles.push_back(any_lifecycle());
  }
  return state;
}

/// Compares the ends, and not where they are.
inline bool is_same(const monitor::RestoredState& one, const monitor::RestoredState& other) {
  return std::ranges::equal(one.ends, other.ends,
                            [](const auto& left, const auto& right) { return *left == *right; }) &&
         one.lifecycles == other.lifecycles && one.saved_at == other.saved_at;
}

}  // namespace tidegauge::test
