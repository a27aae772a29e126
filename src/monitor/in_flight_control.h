#pragma once

// How many calls to have in flight at an Engine, found out by trying. Some Engines work on a call
// (then more at a time only wait for each other), others make it wait for a tick of their own (then
// more at a time cost nothing): what tells them apart is whether twice as many get more answers in
// the same time. Engine 20.10 takes up to a second for a sample, however many are asked for.
//
// A plain state machine, not thread-safe; without a clock: it is told how long answers took.

#include <chrono>
#include <cstdint>

namespace tidegauge::monitor {

class InFlightControl {
 public:
  using Seconds = std::chrono::duration<double>;

  /// Begins with `initial` of at most `most`; both at least 1.
  InFlightControl(std::uint32_t initial, std::uint32_t most) noexcept;

  [[nodiscard]] std::uint32_t limit() const noexcept { return limit_; }

  /// A call that was made while no more were allowed was answered after `took`.
  void answered(Seconds took) noexcept;

 private:
  void window_ended(double per_second) noexcept;
  void try_next() noexcept;
  void settle(std::uint32_t limit) noexcept;
  void begin_window(std::uint32_t limit) noexcept;

  std::uint32_t most_;
  std::uint32_t limit_;

  // The window of answers being looked at.
  std::uint32_t to_skip_ = 0;  ///< answers to calls that were made under the limit before
  std::uint32_t counted_ = 0;
  Seconds total_{};

  // The limit that a trial is compared with; equal to limit_ where none is on.
  std::uint32_t settled_;
  double settled_per_second_ = 0;
  bool more_is_no_use_ = false;
  bool fewer_is_worse_ = false;
  std::uint32_t rest_ = 0;  ///< windows until the next trial
};

}  // namespace tidegauge::monitor
