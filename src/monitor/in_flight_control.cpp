#include "monitor/in_flight_control.h"

#include <algorithm>

namespace tidegauge::monitor {
namespace {

constexpr std::uint32_t answers_per_call_in_flight = 2;  // in a window
constexpr double worth_doubling = 1.25;                  // times as many answers in the same time
constexpr double worth_halving = 0.9;
constexpr std::uint32_t windows_of_rest = 100;

}  // namespace

InFlightControl::InFlightControl(std::uint32_t initial, std::uint32_t most) noexcept
    : most_(most), limit_(std::min(initial, most)), settled_(limit_) {}

void InFlightControl::answered(Seconds took) noexcept {
  if (to_skip_ > 0) {
    --to_skip_;
    return;
  }
  total_ += took;
  if (++counted_ < answers_per_call_in_flight * limit_) return;
  const auto mean = std::max(total_.count() / counted_, 1e-9);
  window_ended(limit_ / mean);
}

void InFlightControl::window_ended(double per_second) noexcept {
  if (limit_ == settled_) {
    settled_per_second_ = per_second;
    try_next();
    return;
  }
  const bool more = limit_ > settled_;
  const auto gain = per_second / settled_per_second_;
  if (gain < (more ? worth_doubling : worth_halving)) {
    (more ? more_is_no_use_ : fewer_is_worse_) = true;
    begin_window(settled_);
    return;
  }
  more_is_no_use_ = !more;
  fewer_is_worse_ = more;
  settle(limit_);
}

/// Twice as many, then half as many, then a rest.
void InFlightControl::try_next() noexcept {
  if (rest_ > 0) {
    --rest_;
    begin_window(limit_);
  } else if (!more_is_no_use_ && limit_ < most_) {
    begin_window(std::min(limit_ * 2, most_));
  } else if (!fewer_is_worse_ && limit_ > 1) {
    begin_window(limit_ / 2);
  } else {
    rest_ = windows_of_rest;
    more_is_no_use_ = fewer_is_worse_ = false;
    begin_window(limit_);
  }
}

void InFlightControl::settle(std::uint32_t limit) noexcept {
  settled_ = limit;
  begin_window(limit);
}

void InFlightControl::begin_window(std::uint32_t limit) noexcept {
  to_skip_ = limit == limit_ ? 0 : limit_;
  limit_ = limit;
  counted_ = 0;
  total_ = {};
}

}  // namespace tidegauge::monitor
