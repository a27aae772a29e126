#include "pool/sizing_advisor.h"

#include <algorithm>

namespace tidegauge::pool {
namespace {

constexpr auto window = std::chrono::minutes{5};
constexpr auto day = std::chrono::hours{24};
constexpr double long_wait_seconds = 0.1;
constexpr std::uint64_t one_in = 20;  // 5 %

}  // namespace

std::optional<std::string> SizingAdvisor::look(const Counts& counts, SteadyTime now) {
  peak_of_day_ = std::max(peak_of_day_, counts.peak);
  std::optional<std::string> advice;
  if (now - window_began_ >= window) {
    const auto acquires = counts.acquires - acquires_before_;
    const auto waits = counts.long_waits - long_waits_before_;
    if (waits * one_in > acquires) {
      advice = std::to_string(waits) + " of " + std::to_string(acquires) +
               " callers waited more than 100 ms for a connection: raise pool.max_connections";
    }
    window_began_ = now;
    acquires_before_ = counts.acquires;
    long_waits_before_ = counts.long_waits;
  }
  if (now - day_began_ >= day) {
    if (!advice && peak_of_day_ * 2 < counts.max_connections) {
      advice = "no more than " + std::to_string(peak_of_day_) + " of " +
               std::to_string(counts.max_connections) +
               " connections were in use in a day: pool.max_connections may be lowered";
    }
    day_began_ = now;
    peak_of_day_ = 0;
  }
  return advice;
}

SteadyTime SizingAdvisor::next_look() const noexcept {
  return window_began_ + window;
}

std::uint64_t long_waits(const model::DurationHistogram& waits) noexcept {
  const auto bound = std::ranges::lower_bound(model::duration_bounds, long_wait_seconds);
  const auto short_waits = waits.cumulative_counts().at(
      static_cast<std::size_t>(bound - model::duration_bounds.begin()));
  return waits.count() - short_waits;
}

}  // namespace tidegauge::pool
