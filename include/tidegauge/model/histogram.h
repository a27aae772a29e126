#pragma once

// A histogram as a value: what `pool` and `docker` count in and `metrics` renders. Not
// thread-safe: it lives under its owner's lock and is copied out.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace tidegauge::model {

/// Bucket bounds, in seconds, of everything that is timed here: from the 25 microseconds of a
/// call on a warm Unix socket to the 10 seconds of the longest limit.
inline constexpr std::array<double, 18> duration_bounds{
    0.000025, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05,     0.1,    0.25,    0.5,    1.0,   2.0,    3.0,   5.0,  10.0};

class DurationHistogram {
 public:
  void observe(double seconds) noexcept {
    const auto bound = std::ranges::lower_bound(duration_bounds, seconds);
    ++counts_[static_cast<std::size_t>(bound - duration_bounds.begin())];
    sum_seconds_ += seconds;
  }

  /// Per bucket, not cumulative; the last is above the highest bound.
  [[nodiscard]] std::span<const std::uint64_t> counts() const noexcept { return counts_; }
  [[nodiscard]] double sum_seconds() const noexcept { return sum_seconds_; }
  [[nodiscard]] std::uint64_t count() const noexcept {
    std::uint64_t total = 0;
    for (const auto count : counts_) total += count;
    return total;
  }

 private:
  std::array<std::uint64_t, duration_bounds.size() + 1> counts_{};
  double sum_seconds_ = 0;
};

}  // namespace tidegauge::model
