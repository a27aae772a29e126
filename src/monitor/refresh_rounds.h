#pragma once

// Picks the containers to inspect for changes that come without an event, such as the error of a
// failed start. There are two rounds, each spread evenly over its period: one of the containers
// with a health check, one of the others. At most one container a second is picked. Where both
// rounds together would need more, both take longer in the same proportion.
//
// Example: 10 of 100 containers have health checks, and the interval is 15 minutes. Every 3 s one
// of the 10 is picked, every 10 s one of the 90.
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
  /// Each container without a health check is picked once in `interval`; 0 turns both rounds off.
  explicit RefreshRounds(Milliseconds interval);
  /// Both rounds begin anew where `interval` is another one than before.
  void set_interval(Milliseconds interval);

  /// Whether a container may be due: then the caller shows all containers and calls `take`.
  [[nodiscard]] bool begin(SteadyTime now);
  enum class Kind : std::uint8_t { checks_health, other };
  /// `id` must live until `take`; `inspected`: when the container was last inspected, for whatever
  /// reason.
  void show(const std::string& id, Kind kind, SteadyTime inspected);
  /// The container to inspect now; null where none is due.
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

  Milliseconds interval_;
  std::array<Round, 2> rounds_;
  SteadyTime next_;
};

}  // namespace tidegauge::monitor
