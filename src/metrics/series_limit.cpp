#include "tidegauge/metrics/series_limit.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "tidegauge/util/utf8.h"

namespace tidegauge::metrics {
namespace {

using Candidate = SeriesLimit::Candidate;
using Indices = std::vector<std::size_t>;

constexpr std::size_t most_names_logged = 10;
constexpr std::size_t longest_name_logged = 64;
/// Keys whose containers are gone, or away while their Engine is down, are kept up to that many.
constexpr std::size_t most_remembered = 20'000;

/// A tenth, but not less than an ordinary container has.
PageSize share_of(const PageSize& most) {
  constexpr PageSize ordinary{.series = 1'000, .bytes = 1'000'000};
  return {.series = std::max(most.series / 10, std::min(most.series, ordinary.series)),
          .bytes = std::max(most.bytes / 10, std::min(most.bytes, ordinary.bytes))};
}

/// The indices of the candidates, the most worth keeping first.
Indices by_worth(const std::vector<Candidate>& candidates) {
  Indices order;
  for (std::size_t index = 0; index < candidates.size(); ++index) order.push_back(index);
  std::ranges::sort(order, {}, [&](std::size_t index) {
    const auto& candidate = candidates[index];
    return std::tie(candidate.gone, candidate.since, candidate.key);
  });
  return order;
}

/// Remembers these candidates in place of those before; whether there is one among them that was
/// not.
bool has_another(std::set<std::string>& before, const std::vector<Candidate>& candidates,
                 const Indices& indices) {
  std::set<std::string> keys;
  for (const auto index : indices) keys.insert(candidates[index].key);
  const bool another = !std::ranges::includes(before, keys);
  before = std::move(keys);
  return another;
}

std::string names_of(const std::vector<Candidate>& candidates, const Indices& indices) {
  std::string names;
  for (std::size_t i = 0; i < std::min(indices.size(), most_names_logged); ++i) {
    names += (i == 0 ? "" : ", ") + one_line(candidates[indices[i]].name, longest_name_logged);
  }
  if (indices.size() > most_names_logged) {
    names += " and " + std::to_string(indices.size() - most_names_logged) + " more";
  }
  return names;
}

}  // namespace

SeriesLimit::SeriesLimit(PageSize most, Logger& logger)
    : most_(most), share_(share_of(most)), logger_(logger) {}

std::vector<bool> SeriesLimit::choose(const std::vector<Candidate>& candidates, PageSize taken) {
  std::vector<bool> chosen(candidates.size(), true);
  Indices left_off;
  Indices beyond;
  bool leaves_off_another = false;
  bool another_beyond = false;
  bool all_again = false;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].beyond > 0) beyond.push_back(i);
  }
  state_.with([&](State& state) {
    state.dropped = 0;
    if (candidates.empty()) return;  // the Engine is down: it will be as before
    left_off = fill(state, candidates, taken);
    for (const auto index : left_off) state.dropped += candidates[index].size.series;
    for (const auto index : beyond) state.dropped += candidates[index].beyond;
    all_again = left_off.empty() && !state.left_off.empty();
    leaves_off_another = has_another(state.left_off, candidates, left_off);
    another_beyond = has_another(state.beyond_share, candidates, beyond);
    forget_the_gone(state, candidates);
  });
  for (const auto index : left_off) chosen[index] = false;
  if (leaves_off_another) log_left_off(candidates, left_off);
  if (another_beyond) log_beyond_share(candidates, beyond);
  if (all_again) {
    logger_.info("all containers are on the page again", {{"metrics.max_series", most_.series}});
  }
  return chosen;
}

/// Returns which have no room.
SeriesLimit::Indices SeriesLimit::fill(State& state, const std::vector<Candidate>& candidates,
                                       PageSize taken) const {
  Indices left_off;
  for (const auto index : by_worth(candidates)) {
    auto& room = state.room[candidates[index].key];
    room.series = std::max(room.series, candidates[index].size.series);
    room.bytes = std::max(room.bytes, candidates[index].size.bytes);
    if ((taken + room).fits(most_)) {
      taken += room;
    } else {
      left_off.push_back(index);
    }
  }
  return left_off;
}

void SeriesLimit::forget_the_gone(State& state, const std::vector<Candidate>& candidates) {
  if (state.room.size() <= candidates.size() + most_remembered) return;
  std::set<std::string> known;
  for (const auto& candidate : candidates) known.insert(candidate.key);
  std::erase_if(state.room, [&](const auto& entry) { return !known.contains(entry.first); });
}

void SeriesLimit::report_cut_labels(std::size_t count, std::string_view container) {
  const bool is_first = state_.with([count](State& state) {
    state.cut_labels = count;
    return count > 0 && !std::exchange(state.has_reported_cut, true);
  });
  if (!is_first) return;
  logger_.warn("labels are cut, as they are too long",
               {{"labels", count},
                {"container", one_line(container, longest_name_logged)},
                {"remedy", "raise metrics.max_label_length"}});
}

std::uint64_t SeriesLimit::dropped() const {
  return state_.with([](const State& state) { return state.dropped; });
}

std::uint64_t SeriesLimit::cut_labels() const {
  return state_.with([](const State& state) { return state.cut_labels; });
}

void SeriesLimit::log_left_off(const std::vector<Candidate>& candidates, const Indices& left_off) {
  std::size_t series = 0;
  for (const auto index : left_off) series += candidates[index].size.series;
  logger_.warn("the page has no room for the series of all containers",
               {{"metrics.max_series", most_.series},
                {"metrics.max_page_bytes", most_.bytes},
                {"containers", left_off.size()},
                {"series", series},
                {"left_off", names_of(candidates, left_off)},
                {"remedy",
                 "raise the limit, or watch fewer by container_monitor.exclude or the label "
                 "tidegauge.enable=false"}});
}

void SeriesLimit::log_beyond_share(const std::vector<Candidate>& candidates,
                                   const Indices& beyond) {
  std::size_t series = 0;
  for (const auto index : beyond) series += candidates[index].beyond;
  logger_.warn("some containers have more series than one may have: the rest is left off",
               {{"most_series", share_.series},
                {"most_bytes", share_.bytes},
                {"series", series},
                {"containers", names_of(candidates, beyond)},
                {"remedy",
                 "raise metrics.max_series or metrics.max_page_bytes: one container may have a "
                 "tenth"}});
}

}  // namespace tidegauge::metrics
