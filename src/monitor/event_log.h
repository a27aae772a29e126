#pragma once

// Remembers the latest events of an Engine: recognises an event that the Engine tells again, and
// knows from which time on to ask for events after a stream has ended. All times are by the
// Engine's clock. The log keeps a hash of each event, however long the event is.
//
// Not thread-safe: part of Inventory.

#include <compare>
#include <cstddef>
#include <deque>
#include <optional>
#include <set>

#include "tidegauge/model/event.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class EventLog {
 public:
  /// Records an event. Returns whether it is new.
  bool remember(const model::Event& event);

  /// Sets the Engine's time at some moment after the first stream was opened. A second stream that
  /// starts there, before any event came, misses no event and gets none from before.
  void begin(WallTime engine_time);

  /// Events until `last` were counted by an earlier daemon: the first stream tells what followed.
  void resume_after(WallTime last) { begin_ = last + std::chrono::nanoseconds(1); }
  /// The time of the latest event; nothing: none was told.
  [[nodiscard]] std::optional<WallTime> last() const noexcept { return last_; }

  /// The time from which to ask for events: a little before the latest one, because events are not
  /// quite in the order of their times. Nothing while the Engine's time is unknown: then past
  /// events cannot be asked for.
  [[nodiscard]] std::optional<WallTime> follow_from() const;

 private:
  struct Key {
    WallTime at;
    std::size_t hash;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  std::optional<WallTime> begin_;
  std::optional<WallTime> last_;  // told, whatever its time: the Engine's clock may be set back
  std::set<Key> known_;
  std::deque<Key> order_;
};

}  // namespace tidegauge::monitor
