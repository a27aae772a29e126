#pragma once

// Whose turn it is to be inspected for what changes without an event, as the error of a start that
// failed. There are two rounds, each spread evenly over its period: of containers whose health
// check runs, and of the others. No more than one container a second has its turn. Where both
// rounds together would need more, both take longer in the same proportion.
//
// Example: of 100 containers 10 have health checks, and the interval is 15 minutes. Every 3 s it is
// the turn of one of the 10, every 10 s of one of the 90.
//
// Not thread-safe: part of Inventory.

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class RefreshRounds {
 public:
  /// Of the others once in `interval`; 0: nobody has a turn.
  explicit RefreshRounds(Milliseconds interval);

  /// Whether it may be somebody's turn: then the caller shows all containers, and takes one.
  [[nodiscard]] bool begin(SteadyTime now);
  enum class Kind : std::uint8_t { checks_health, other };
  /// `id` is used until `take`; `inspected` is when it was inspected, for whatever reason.
  void show(const std::string& id, Kind kind, SteadyTime inspected);
  /// Null: it is nobody's turn.
  [[nodiscard]] const std::string* take(SteadyTime now);

 private:
  struct Round {
    std::chrono::duration<double> period{};
    std::optional<SteadyTime> next;
    // Of those that were shown:
    double containers = 0;
    const std::string* oldest = nullptr;
    SteadyTime oldest_inspected{};
  };

  Round& round(Kind kind) { return rounds_.at(kind == Kind::other ? 1 : 0); }

  std::array<Round, 2> rounds_;
  SteadyTime next_;
};

}  // namespace tidegauge::monitor
