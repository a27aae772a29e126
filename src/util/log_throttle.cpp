#include "util/log_throttle.h"

#include <algorithm>
#include <utility>

namespace tidegauge {

std::optional<std::uint64_t> LogThrottle::admit(std::string_view message, SteadyTime now) {
  auto& allowance = allowance_of(message, now);
  const auto full_at = std::max(allowance.full_at, now) + period;
  if (full_at > now + burst * period) {
    ++allowance.suppressed;
    return std::nullopt;
  }
  allowance.full_at = full_at;
  return std::exchange(allowance.suppressed, 0);
}

LogThrottle::Allowance& LogThrottle::allowance_of(std::string_view message, SteadyTime now) {
  if (const auto known = allowances_.find(message); known != allowances_.end()) {
    return known->second;
  }
  if (allowances_.size() >= max_messages) {
    // A message with its full allowance needs no entry.
    std::erase_if(allowances_, [&](const auto& entry) { return entry.second.full_at <= now; });
  }
  if (allowances_.size() >= max_messages) return shared_;
  return allowances_[std::string(message)];
}

}  // namespace tidegauge
