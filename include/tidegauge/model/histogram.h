#pragma once

// A histogram of durations. `pool`, `docker` and `metrics` record in it, and `metrics` renders it.
//
// Its buckets are exponential, as those of Prometheus' native histograms: each is 2^(1/8) = 1.09
// times as wide as the one before. Their number is fixed, so that recording allocates nothing. The
// buckets of the classic format, with the bounds in `duration_bounds`, follow from them without an
// error: for the exponential bucket that a classic bound falls into, the observations above that
// bound are counted as well.
//
// A plain value, not thread-safe: it lives under the lock of its owner, and is copied out.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tidegauge::model {

/// Bounds of the classic buckets in seconds: from 25 microseconds, a call on a warm Unix socket, to
/// 10 seconds, the longest limit of a call.
inline constexpr std::array<double, 18> duration_bounds{
    0.000025, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05,     0.1,    0.25,    0.5,    1.0,   2.0,    3.0,   5.0,  10.0};

class DurationHistogram {
 public:
  /// The bounds of the exponential buckets are 2^(index / 2^schema) seconds.
  static constexpr int schema = 3;
  /// Shorter durations, and this one, are in the zero bucket: 2^-16 seconds, 15 microseconds.
  static constexpr double zero_threshold = 1.0 / 65536;
  /// The index of the first exponential bucket. The bucket with index i holds durations above
  /// 2^((i - 1) / 8) and up to 2^(i / 8) seconds.
  static constexpr int first_index = -127;
  /// Up to 32 seconds. The last bucket holds longer durations as well.
  static constexpr std::size_t bucket_count = 168;
  /// The upper bounds of the exponential buckets.
  [[nodiscard]] static std::span<const double, bucket_count> upper_bounds() noexcept {
    return bounds;
  }

  void observe(double seconds) noexcept {
    ++count_;
    sum_seconds_ += seconds;
    if (!(seconds > zero_threshold)) {
      ++zero_count_;
      return;
    }
    const auto bucket = bucket_of(seconds);
    ++counts_[bucket];
    const auto classic = classic_bound_in[bucket];
    if (classic != none && seconds > duration_bounds[classic]) ++above_bound_[classic];
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] double sum_seconds() const noexcept { return sum_seconds_; }
  [[nodiscard]] std::uint64_t zero_count() const noexcept { return zero_count_; }
  /// One count per exponential bucket, not cumulative, without the zero bucket.
  [[nodiscard]] std::span<const std::uint64_t, bucket_count> counts() const noexcept {
    return counts_;
  }

  /// How many observations are at most as long as each of `duration_bounds`.
  [[nodiscard]] std::array<std::uint64_t, duration_bounds.size()> cumulative_counts()
      const noexcept {
    std::array<std::uint64_t, duration_bounds.size()> cumulative{};
    auto so_far = zero_count_;
    for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
      so_far += counts_[bucket];
      const auto classic = classic_bound_in[bucket];
      if (classic != none) cumulative[classic] = so_far - above_bound_[classic];
    }
    return cumulative;
  }

 private:
  static constexpr std::uint8_t none = 0xff;

  /// 2^(index / 8), the same numbers as in Prometheus' libraries.
  static constexpr double power(int index) noexcept {
    // NOLINTBEGIN(modernize-use-std-numbers): the square root of 2 as those libraries round it
    constexpr std::array<double, 8> within_octave{
        1.0,
        1.0905077326652577,
        1.189207115002721,
        1.2968395546510096,
        1.414213562373095,
        1.5422108254079408,
        1.681792830507429,
        1.8340080864093424,
    };
    // NOLINTEND(modernize-use-std-numbers)
    const int octave = index >= 0 ? index / 8 : (index - 7) / 8;
    auto value = within_octave[static_cast<std::size_t>(index - octave * 8)];
    for (int i = 0; i < octave; ++i) value *= 2;
    for (int i = 0; i > octave; --i) value /= 2;
    return value;
  }

  static constexpr std::array<double, bucket_count> make_bounds() noexcept {
    std::array<double, bucket_count> all{};
    for (std::size_t i = 0; i < bucket_count; ++i)
      all[i] = power(first_index + static_cast<int>(i));
    return all;
  }

  static constexpr std::size_t bucket_of(double seconds) noexcept {
    const auto* const bound = std::ranges::lower_bound(bounds, seconds);
    return std::min(static_cast<std::size_t>(bound - bounds.begin()), bucket_count - 1);
  }

  /// The index of the classic bound in each exponential bucket. No bucket has two: the classic
  /// bounds are further apart.
  static constexpr std::array<std::uint8_t, bucket_count> find_classic_bounds() noexcept {
    std::array<std::uint8_t, bucket_count> found{};
    found.fill(none);
    for (std::size_t i = 0; i < duration_bounds.size(); ++i) {
      found[bucket_of(duration_bounds[i])] = static_cast<std::uint8_t>(i);
    }
    return found;
  }

  static const std::array<double, bucket_count> bounds;
  static const std::array<std::uint8_t, bucket_count> classic_bound_in;

  std::array<std::uint64_t, bucket_count> counts_{};
  std::array<std::uint64_t, duration_bounds.size()> above_bound_{};
  std::uint64_t zero_count_ = 0;
  std::uint64_t count_ = 0;
  double sum_seconds_ = 0;
};

inline constexpr std::array<double, DurationHistogram::bucket_count> DurationHistogram::bounds =
    DurationHistogram::make_bounds();
inline constexpr std::array<std::uint8_t, DurationHistogram::bucket_count>
    DurationHistogram::classic_bound_in = DurationHistogram::find_classic_bounds();

}  // namespace tidegauge::model
