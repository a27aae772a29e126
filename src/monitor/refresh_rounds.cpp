#include "monitor/refresh_rounds.h"

#include <algorithm>

namespace tidegauge::monitor {

using namespace std::chrono_literals;

namespace {

constexpr Milliseconds health_interval = 30s;  // each failure of a health check shows
constexpr auto between_turns = 1s;             // at least

}  // namespace

RefreshRounds::RefreshRounds(Milliseconds interval)
    : interval_(interval), next_(interval.count() > 0 ? SteadyTime::min() : SteadyTime::max()) {
  round(Kind::checks_health).period = std::min(interval, health_interval);
  round(Kind::other).period = interval;
}

void RefreshRounds::set_interval(Milliseconds interval) {
  if (interval != interval_) *this = RefreshRounds(interval);
}

bool RefreshRounds::begin(SteadyTime now) {
  if (now < next_) return false;
  next_ = now + between_turns;
  for (auto& round : rounds_) {
    round.containers = 0;
    round.oldest = nullptr;
  }
  return true;
}

void RefreshRounds::show(const std::string& id, Kind kind, SteadyTime inspected) {
  auto& its_round = round(kind);
  ++its_round.containers;
  if (its_round.oldest != nullptr && its_round.oldest_inspected <= inspected) return;
  its_round.oldest = &id;
  its_round.oldest_inspected = inspected;
}

const std::string* RefreshRounds::take(SteadyTime now) {
  double turns_a_second = 0;
  for (const auto& round : rounds_) turns_a_second += round.containers / round.period.count();
  Round* chosen = nullptr;
  SteadyTime::duration gap{};
  for (auto& round : rounds_) {
    if (round.oldest == nullptr) {
      round.next.reset();
      continue;
    }
    const auto its_gap = std::chrono::duration_cast<SteadyTime::duration>(
        round.period / round.containers * std::max(1.0, turns_a_second));
    if (!round.next) round.next = now + its_gap;
    if (now < *round.next || (chosen != nullptr && chosen->next <= round.next)) continue;
    chosen = &round;
    gap = its_gap;
  }
  if (chosen == nullptr) return nullptr;
  chosen->next = std::max(*chosen->next + gap, now);  // turns that were missed are not made up for
  return now - chosen->oldest_inspected < gap ? nullptr : chosen->oldest;
}

}  // namespace tidegauge::monitor
