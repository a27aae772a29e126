#pragma once

// Which events an Engine has told, so that one told again is recognised, and from where on to ask
// for them again. All times are the Engine's. Of an event a hash is kept, however long it is.
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
  /// Whether it is new.
  bool remember(const model::Event& event);

  /// The Engine's time at any moment after events were first asked for: whoever asks again from
  /// there on, before there was any, misses none and gets none from before.
  void begin(WallTime engine_time);

  /// From where on to ask for the events: a little before the last one, as they are not quite in
  /// the order of their times. Nothing: nothing is known of the Engine's time, and none can be had
  /// again.
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
