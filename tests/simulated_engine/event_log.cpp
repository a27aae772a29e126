#include "simulated_engine/event_log.h"

#include <algorithm>
#include <chrono>

namespace tidegauge::test {

namespace {
constexpr std::size_t remembered_events = 256;
}

void EventLog::append(Event event, WallTime now) {
  const std::lock_guard lock(mutex_);
  event.time = last_ = std::max(now, last_ + std::chrono::nanoseconds(1));
  remembered_.push_back(std::move(event));
  if (remembered_.size() > remembered_events) {
    remembered_.pop_front();
    ++forgotten_;
  }
  for (auto* stream : streams_) stream->wake_.signal();
}

EventStream::EventStream(EventLog& log, std::optional<WallTime> since) : log_(log) {
  const std::lock_guard lock(log_.mutex_);
  const auto& events = log_.remembered_;
  const auto first =
      since ? std::ranges::lower_bound(events, *since, {}, &Event::time) : events.end();
  next_ = log_.forgotten_ + static_cast<std::uint64_t>(first - events.begin());
  log_.streams_.push_back(this);
}

EventStream::~EventStream() {
  const std::lock_guard lock(log_.mutex_);
  std::erase(log_.streams_, this);
}

std::vector<Event> EventStream::take() {
  wake_.drain();
  const std::lock_guard lock(log_.mutex_);
  const auto& events = log_.remembered_;
  const auto skipped = std::max(next_, log_.forgotten_) - log_.forgotten_;
  std::vector<Event> taken(events.begin() + static_cast<std::ptrdiff_t>(skipped), events.end());
  next_ = log_.forgotten_ + events.size();
  return taken;
}

}  // namespace tidegauge::test
