#include "monitor/call_outcomes.h"

#include <algorithm>
#include <utility>

namespace tidegauge::monitor {

bool CallOutcomes::record(CallKind kind, const Error* failure) {
  auto& outcome = of(kind);
  const bool cut = failure != nullptr && blames_engine(failure->code);
  if (cut && !std::exchange(outcome.cut, true)) {
    ++outcome.failures;
    return false;
  }
  outcome = {.failing = failure != nullptr,
             .stuck = failure != nullptr && means_stuck(failure->code),
             .cut = cut,
             .failures = failure != nullptr ? outcome.failures + 1 : 0};
  if (failure != nullptr) ++errors_;
  return true;
}

void CallOutcomes::forget_cuts() noexcept {
  for (auto& outcome : outcomes_) outcome.cut = false;
}

bool CallOutcomes::is_failing() const noexcept {
  return std::ranges::any_of(outcomes_, &Outcome::failing);
}

bool CallOutcomes::is_stuck() const noexcept {
  return std::ranges::any_of(outcomes_, &Outcome::stuck);
}

std::uint64_t CallOutcomes::failures(CallKind kind) const noexcept {
  return outcomes_[static_cast<std::size_t>(kind)].failures;
}

}  // namespace tidegauge::monitor
