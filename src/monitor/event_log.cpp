#include "monitor/event_log.h"

#include <algorithm>
#include <functional>
#include <string>

namespace tidegauge::monitor {

using namespace std::chrono_literals;

namespace {

/// Twice what the Engine remembers, so that a replay is always recognised.
constexpr std::size_t remembered_events = 512;
/// Events are not quite in the order of their times.
constexpr auto overlap = 2s;

}  // namespace

bool EventLog::remember(const model::Event& event) {
  const Key key{.at = event.at, .hash = std::hash<std::string>()(event.id + ' ' + event.action)};
  if (!known_.insert(key).second) return false;
  last_ = event.at;
  order_.push_back(key);
  if (order_.size() > remembered_events) {
    known_.erase(order_.front());
    order_.pop_front();
  }
  return true;
}

void EventLog::begin(WallTime engine_time) {
  if (!begin_) begin_ = engine_time;
}

std::optional<WallTime> EventLog::follow_from() const {
  if (!last_) return begin_;
  // What came before the beginning is not to be counted.
  const auto from = *last_ - overlap;
  return last_ >= begin_ ? std::max(begin_, std::optional(from)) : from;
}

}  // namespace tidegauge::monitor
