#include "tidegauge/metrics/series_limit.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "tidegauge/util/utf8.h"

namespace tidegauge::metrics {
namespace {

using Candidate = SeriesLimit::Candidate;
using Indices = std::vector<std::size_t>;

constexpr std::size_t max_names_logged = 10;
constexpr std::size_t max_name_length_logged = 64;
/// So many keys are kept of containers that are removed, or unknown while their Engine is down.
constexpr std::size_t max_remembered = 20'000;

/// A tenth of the page, but not less than an ordinary container needs.
PageSize share_of(const PageSize& max) {
  constexpr PageSize ordinary{.series = 1'000, .bytes = 1'000'000};
  return {.series = std::max(max.series / 10, std::min(max.series, ordinary.series)),
          .bytes = std::max(max.bytes / 10, std::min(max.bytes, ordinary.bytes))};
}

/// The indices of the candidates, in the order in which the page takes them.
Indices by_priority(const std::vector<Candidate>& candidates) {
  Indices order;
  for (std::size_t index = 0; index < candidates.size(); ++index) order.push_back(index);
  std::ranges::sort(order, {}, [&](std::size_t index) {
    const auto& candidate = candidates[index];
    return std::tie(candidate.gone, candidate.since, candidate.key);
  });
  return order;
}

/// Replaces `before` by the keys of these candidates. True if `before` lacked one of them.
bool replace_and_check_new(std::set<std::string>& before, const std::vector<Candidate>& candidates,
                           const Indices& indices) {
  std::set<std::string> keys;
  for (const auto index : indices) keys.insert(candidates[index].key);
  const bool has_new = !std::ranges::includes(before, keys);
  before = std::move(keys);
  return has_new;
}

std::string names_of(const std::vector<Candidate>& candidates, const Indices& indices) {
  std::string names;
  for (std::size_t i = 0; i < std::min(indices.size(), max_names_logged); ++i) {
    names += (i == 0 ? "" : ", ") + one_line(candidates[indices[i]].name, max_name_length_logged);
  }
  if (indices.size() > max_names_logged) {
    names += " and " + std::to_string(indices.size() - max_names_logged) + " more";
  }
  return names;
}

}  // namespace

SeriesLimit::SeriesLimit(PageSize max, Logger& logger)
    : logger_(logger), state_(State{.max = max}) {}

void SeriesLimit::set_max(PageSize max) {
  state_.with([&](State& state) {
    state.max = max;
    state.reserved.clear();
  });
}

PageSize SeriesLimit::share() const {
  return share_of(state_.with([](const State& state) { return state.max; }));
}

std::vector<bool> SeriesLimit::choose(const std::vector<Candidate>& candidates, PageSize taken) {
  std::vector<bool> chosen(candidates.size(), true);
  Indices left_off;
  Indices beyond;
  bool has_new_left_off = false;
  bool has_new_beyond = false;
  bool is_complete_again = false;
  PageSize max;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].beyond > 0) beyond.push_back(i);
  }
  state_.with([&](State& state) {
    max = state.max;
    state.dropped = 0;
    if (candidates.empty()) return;  // the Engine is down: its containers will come back
    left_off = fill(state, candidates, taken);
    for (const auto index : left_off) state.dropped += candidates[index].size.series;
    for (const auto index : beyond) state.dropped += candidates[index].beyond;
    is_complete_again = left_off.empty() && !state.left_off.empty();
    has_new_left_off = replace_and_check_new(state.left_off, candidates, left_off);
    has_new_beyond = replace_and_check_new(state.beyond_share, candidates, beyond);
    forget_removed(state, candidates);
  });
  for (const auto index : left_off) chosen[index] = false;
  if (has_new_left_off) log_left_off(max, candidates, left_off);
  if (has_new_beyond) log_beyond_share(max, candidates, beyond);
  if (is_complete_again) {
    logger_.info("all containers are on the page again", {{"metrics.max_series", max.series}});
  }
  return chosen;
}

/// Returns the candidates that do not fit.
SeriesLimit::Indices SeriesLimit::fill(State& state, const std::vector<Candidate>& candidates,
                                       PageSize taken) {
  Indices left_off;
  for (const auto index : by_priority(candidates)) {
    auto& reserved = state.reserved[candidates[index].key];
    reserved.series = std::max(reserved.series, candidates[index].size.series);
    reserved.bytes = std::max(reserved.bytes, candidates[index].size.bytes);
    if ((taken + reserved).fits(state.max)) {
      taken += reserved;
    } else {
      left_off.push_back(index);
    }
  }
  return left_off;
}

void SeriesLimit::forget_removed(State& state, const std::vector<Candidate>& candidates) {
  if (state.reserved.size() <= candidates.size() + max_remembered) return;
  std::set<std::string> known;
  for (const auto& candidate : candidates) known.insert(candidate.key);
  std::erase_if(state.reserved, [&](const auto& entry) { return !known.contains(entry.first); });
}

void SeriesLimit::report_cut_labels(std::size_t count, std::string_view container) {
  const bool is_first = state_.with([count](State& state) {
    state.cut_labels = count;
    return count > 0 && !std::exchange(state.has_reported_cut, true);
  });
  if (!is_first) return;
  logger_.warn("label values are cut because they are too long",
               {{"labels", count},
                {"container", one_line(container, max_name_length_logged)},
                {"remedy", "raise metrics.max_label_length"}});
}

std::uint64_t SeriesLimit::dropped() const {
  return state_.with([](const State& state) { return state.dropped; });
}

std::uint64_t SeriesLimit::cut_labels() const {
  return state_.with([](const State& state) { return state.cut_labels; });
}

void SeriesLimit::log_left_off(PageSize max, const std::vector<Candidate>& candidates,
                               const Indices& left_off) {
  std::size_t series = 0;
  for (const auto index : left_off) series += candidates[index].size.series;
  logger_.warn("the page leaves off containers: together they have too many series",
               {{"metrics.max_series", max.series},
                {"metrics.max_page_bytes", max.bytes},
                {"containers", left_off.size()},
                {"series", series},
                {"left_off", names_of(candidates, left_off)},
                {"remedy",
                 "raise the limit, or exclude containers by container_monitor.exclude or the label "
                 "tidegauge.enable=false"}});
}

void SeriesLimit::log_beyond_share(PageSize max, const std::vector<Candidate>& candidates,
                                   const Indices& beyond) {
  std::size_t series = 0;
  for (const auto index : beyond) series += candidates[index].beyond;
  logger_.warn("the page leaves off series of containers that have too many",
               {{"max_series", share_of(max).series},
                {"max_bytes", share_of(max).bytes},
                {"series", series},
                {"containers", names_of(candidates, beyond)},
                {"remedy",
                 "raise metrics.max_series or metrics.max_page_bytes: one container may have a "
                 "tenth"}});
}

}  // namespace tidegauge::metrics
