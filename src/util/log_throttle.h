#pragma once

// Keeps one message from flooding the log: after a burst, a message is admitted once per period,
// and the next admitted one says how many were suppressed before it. A message that was quiet for
// long has its whole burst again. Example with a burst of 20 and a period of 10 s: of 100 equal
// messages per second, 20 are admitted at once, then one after 10 s ("suppressed=980"), and so on.
//
// Not thread-safe. Remembers a bounded number of messages; further ones share one allowance.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/util/time.h"

namespace tidegauge {

class LogThrottle {
 public:
  static constexpr std::uint32_t burst = 20;
  static constexpr Milliseconds period{10'000};
  static constexpr std::size_t max_messages = 512;

  /// Absent if `message` is suppressed; otherwise how many were suppressed since the last one
  /// admitted.
  [[nodiscard]] std::optional<std::uint64_t> admit(std::string_view message, SteadyTime now);

 private:
  /// An allowance as the time when all of it is there again: each admitted message moves that by a
  /// period, and none is admitted that would move it further than a whole burst ahead of now.
  struct Allowance {
    SteadyTime full_at{};
    std::uint64_t suppressed = 0;
  };

  Allowance& allowance_of(std::string_view message, SteadyTime now);

  std::map<std::string, Allowance, std::less<>> allowances_;
  Allowance shared_;
};

}  // namespace tidegauge
