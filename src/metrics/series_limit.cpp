#include "tidegauge/metrics/series_limit.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tidegauge::metrics {
namespace {

using Candidate = SeriesLimit::Candidate;

constexpr std::size_t most_names_logged = 10;
/// Keys whose containers are gone, or away while their Engine is down, are kept up to that many.
constexpr std::size_t most_remembered = 20'000;

/// The indices of the candidates, the most worth keeping first.
std::vector<std::size_t> by_worth(const std::vector<Candidate>& candidates) {
  std::vector<std::size_t> order;
  for (std::size_t index = 0; index < candidates.size(); ++index) order.push_back(index);
  std::ranges::sort(order, {}, [&](std::size_t index) {
    const auto& candidate = candidates[index];
    return std::tie(candidate.gone, candidate.since, candidate.key);
  });
  return order;
}

}  // namespace

std::vector<bool> SeriesLimit::choose(const std::vector<Candidate>& candidates) {
  std::vector<bool> chosen(candidates.size());
  if (candidates.empty()) return chosen;  // the Engine is down: it will be as before
  std::vector<std::size_t> left_off;
  bool news = false;
  state_.with([&](State& state) {
    std::size_t total = 0;
    for (const auto index : by_worth(candidates)) {
      auto& room = state.room[candidates[index].key];
      room = std::max(room, candidates[index].series);
      total += room;
      chosen[index] = total <= most_;
      if (!chosen[index]) left_off.push_back(index);
    }
    std::set<std::string> keys;
    for (const auto index : left_off) {
      keys.insert(candidates[index].key);
      state.dropped += candidates[index].series;
    }
    news = keys.empty() ? !state.left_off.empty()
                        : !std::ranges::includes(state.left_off, keys);  // another one
    state.left_off = std::move(keys);
    if (state.room.size() > candidates.size() + most_remembered) {
      std::set<std::string> known;
      for (const auto& candidate : candidates) known.insert(candidate.key);
      std::erase_if(state.room, [&](const auto& entry) { return !known.contains(entry.first); });
    }
  });
  if (news) log(candidates, left_off);
  return chosen;
}

std::uint64_t SeriesLimit::dropped() const {
  return state_.with([](const State& state) { return state.dropped; });
}

void SeriesLimit::log(const std::vector<Candidate>& candidates,
                      const std::vector<std::size_t>& left_off) {
  if (left_off.empty()) {
    logger_.info("all containers are on the page again", {{"metrics.max_series", most_}});
    return;
  }
  std::string names;
  std::size_t series = 0;
  for (std::size_t i = 0; i < left_off.size(); ++i) {
    const auto& candidate = candidates[left_off[i]];
    series += candidate.series;
    if (i < most_names_logged) names += (i == 0 ? "" : ", ") + candidate.name;
  }
  if (left_off.size() > most_names_logged) {
    names += " and " + std::to_string(left_off.size() - most_names_logged) + " more";
  }
  logger_.warn("the page has no room for the series of all containers",
               {{"metrics.max_series", most_},
                {"containers", left_off.size()},
                {"series", series},
                {"left_off", names},
                {"remedy",
                 "raise metrics.max_series, or watch fewer by container_monitor.exclude or the "
                 "label tidegauge.enable=false"}});
}

}  // namespace tidegauge::metrics
