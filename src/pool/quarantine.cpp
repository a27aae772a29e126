#include "pool/quarantine.h"

#include <algorithm>

namespace tidegauge::pool {
namespace {

constexpr std::size_t degrading_keys = 3;
constexpr auto degrading_window = std::chrono::seconds{30};
constexpr std::uint32_t failures_to_isolate = 2;
constexpr auto forgotten_after = std::chrono::minutes{10};  // since the end of the last quarantine

}  // namespace

std::optional<Quarantine::Refusal> Quarantine::refusal(std::string_view key, SteadyTime now) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.times == 0) return std::nullopt;
  auto& entry = found->second;
  if (now < entry.until) return Refusal{.until = entry.until, .cause = entry.cause};
  if (entry.on_trial) {
    return Refusal{.until = now + tuning_.quarantine_initial, .cause = entry.cause};
  }
  entry.on_trial = true;
  return std::nullopt;
}

bool Quarantine::got_stuck(std::string_view key, SteadyTime now) {
  forget_the_gone(now);
  auto& entry = entries_[std::string(key)];
  entry.stuck_at = now;
  return isolate(entry, Cause::stuck, now);
}

bool Quarantine::failed(std::string_view key, SteadyTime now) {
  forget_the_gone(now);
  auto& entry = entries_[std::string(key)];
  if (entry.times == 0 && ++entry.failures < failures_to_isolate) {
    entry.until = now;
    return false;
  }
  return isolate(entry, Cause::failing, now);
}

bool Quarantine::isolate(Entry& entry, Cause cause, SteadyTime now) const {
  const auto doublings = std::min(entry.times++, 20U);
  const auto time = std::min<Milliseconds>(tuning_.quarantine_max,
                                           tuning_.quarantine_initial * (1LL << doublings));
  entry.cause = cause;
  entry.until = now + time;
  entry.on_trial = false;
  return entry.times == 1;
}

bool Quarantine::answered(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return false;
  const bool was_quarantined = found->second.times > 0;
  entries_.erase(found);
  return was_quarantined;
}

void Quarantine::ended_otherwise(std::string_view key) {
  if (const auto found = entries_.find(key); found != entries_.end()) {
    found->second.on_trial = false;
  }
}

void Quarantine::forget_failures() {
  std::erase_if(entries_, [](const auto& named) {
    return named.second.times == 0 || named.second.cause == Cause::failing;
  });
}

std::vector<model::QuarantinedContainer> Quarantine::containers(SteadyTime now) const {
  std::vector<model::QuarantinedContainer> quarantined;
  for (const auto& [key, entry] : entries_) {
    if (entry.times == 0) continue;
    quarantined.push_back({.id = key,
                           .cause = entry.cause == Cause::stuck ? "stuck" : "failing",
                           .next_call_seconds = std::max(0.0, to_seconds(entry.until - now))});
  }
  return quarantined;
}

bool Quarantine::degraded(SteadyTime now) const {
  if (list_stuck_at_ && now - *list_stuck_at_ < degrading_window) return true;
  const auto lately = std::ranges::count_if(entries_, [now](const auto& named) {
    const auto& stuck_at = named.second.stuck_at;
    return stuck_at && now - *stuck_at < degrading_window;
  });
  return static_cast<std::size_t>(lately) >= degrading_keys;
}

void Quarantine::forget_the_gone(SteadyTime now) {
  std::erase_if(entries_,
                [now](const auto& named) { return now - named.second.until > forgotten_after; });
}

}  // namespace tidegauge::pool
