#include "tidegauge/pool/quarantine.h"

#include <algorithm>

namespace tidegauge::pool {
namespace {

constexpr std::size_t degrading_keys = 3;
constexpr auto degrading_window = std::chrono::seconds{30};
constexpr auto forgotten_after = std::chrono::minutes{10};  // nobody asked for it any more

}  // namespace

std::optional<SteadyTime> Quarantine::refusal(std::string_view key, SteadyTime now) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  auto& entry = found->second;
  if (now < entry.until) return entry.until;
  if (entry.on_trial) return now + options_.quarantine_initial;
  entry.on_trial = true;
  return std::nullopt;
}

bool Quarantine::got_stuck(std::string_view key, SteadyTime now) {
  forget_the_gone(now);
  auto& entry = entries_[std::string(key)];
  const auto doublings = std::min(entry.times++, 20U);
  const auto time = std::min<Milliseconds>(options_.quarantine_max,
                                           options_.quarantine_initial * (1LL << doublings));
  entry.until = now + time;
  entry.stuck_at = now;
  entry.on_trial = false;
  return entry.times == 1;
}

bool Quarantine::answered(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  entries_.erase(found);
  return true;
}

void Quarantine::ended_otherwise(std::string_view key) {
  if (const auto found = entries_.find(key); found != entries_.end()) {
    found->second.on_trial = false;
  }
}

bool Quarantine::degraded(SteadyTime now) const {
  if (list_stuck_at_ && now - *list_stuck_at_ < degrading_window) return true;
  const auto lately = std::ranges::count_if(entries_, [now](const auto& named) {
    return now - named.second.stuck_at < degrading_window;
  });
  return static_cast<std::size_t>(lately) >= degrading_keys;
}

void Quarantine::forget_the_gone(SteadyTime now) {
  std::erase_if(entries_,
                [now](const auto& named) { return now - named.second.until > forgotten_after; });
}

}  // namespace tidegauge::pool
