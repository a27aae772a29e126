#pragma once

// Paces attempts at something that may keep failing, so that no loop spins and none floods the log:
//
//   Retry retry({.first_pause = 200ms, .longest_pause = 10s});
//   while (!stop.stop_requested()) {
//     const auto outcome = attempt(stop);
//     if (outcome) {
//       retry.succeeded();
//     } else {
//       if (retry.failed(steady_now())) logger.warn("...", {{"reason", outcome.error().message}});
//       retry.pause(stop);
//     }
//   }
//
// Belongs to one thread.

#include <cstdint>
#include <optional>
#include <stop_token>

#include "tidegauge/util/time.h"

namespace tidegauge {

struct RetryOptions {
  Milliseconds first_pause{200};
  Milliseconds longest_pause{10'000};  ///< each pause is twice the one before, up to this
  Milliseconds log_gap{60'000};        ///< between two log lines about attempts that keep failing
};

class Retry {
 public:
  explicit Retry(RetryOptions options = {}) : options_(options), pause_(options.first_pause) {}

  /// The next failure is a first one again. Call it only when the attempt has lasted: one that
  /// succeeds and ends at once is to be paced like a failure.
  void succeeded() noexcept;

  /// Records a failed attempt. True where the failure is to be logged: the first in a row, and then
  /// at most one each `log_gap`.
  [[nodiscard]] bool failed(SteadyTime now) noexcept;

  /// How many attempts have failed in a row.
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

  /// How long to wait before the next attempt; zero where none has failed.
  [[nodiscard]] Milliseconds next_pause() const noexcept;

  /// Waits for `next_pause`, or until `stop`.
  void pause(const std::stop_token& stop) const;

 private:
  RetryOptions options_;
  Milliseconds pause_;
  std::uint64_t failures_ = 0;
  std::optional<SteadyTime> logged_at_;
};

/// Waits for `duration`, or until `stop`.
void wait_for(Milliseconds duration, const std::stop_token& stop);

}  // namespace tidegauge
