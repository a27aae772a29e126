#include "tidegauge/model/lifecycle.h"

#include <algorithm>
#include <cstddef>

namespace tidegauge::model {

ExitClass exit_class(int exit_code) noexcept {
  if (exit_code == 0) return ExitClass::success;
  if (exit_code >= 1 && exit_code <= 125) return ExitClass::failure;
  if (exit_code == 126 || exit_code == 127) return ExitClass::not_started;
  if (exit_code == 137) return ExitClass::killed;
  if (exit_code == 143) return ExitClass::terminated;
  return ExitClass::signal;
}

std::string_view to_string(ExitClass exit) noexcept {
  switch (exit) {
    case ExitClass::success:
      return "0";
    case ExitClass::failure:
      return "1-125";
    case ExitClass::not_started:
      return "126-127";
    case ExitClass::killed:
      return "137";
    case ExitClass::terminated:
      return "143";
    case ExitClass::signal:
      return "signal";
  }
  return "signal";
}

Lifecycle& Lifecycle::operator+=(const Lifecycle& other) noexcept {
  const bool counts = counted_since != WallTime{};
  counted_since = counts ? std::min(counted_since, other.counted_since) : other.counted_since;
  restarts += other.restarts;
  if (oom_events) *oom_events += other.oom_events.value_or(0);
  for (std::size_t i = 0; i < exits.size(); ++i) exits[i] += other.exits[i];
  for (std::size_t i = 0; i < health_transitions.size(); ++i) {
    health_transitions[i] += other.health_transitions[i];
  }
  last_exit_at = std::max(last_exit_at, other.last_exit_at);
  last_oom_at = std::max(last_oom_at, other.last_oom_at);
  return *this;
}

bool is_blank(const Lifecycle& lifecycle) noexcept {
  const auto is_zero = [](std::uint64_t count) { return count == 0; };
  return lifecycle.restarts == 0 && lifecycle.oom_events.value_or(0) == 0 &&
         std::ranges::all_of(lifecycle.exits, is_zero) &&
         std::ranges::all_of(lifecycle.health_transitions, is_zero);
}

}  // namespace tidegauge::model
