#include "tidegauge/model/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "support/catch.h"

using namespace tidegauge::model;
using tidegauge::test::Approx;

namespace {

/// The index of the one classic bucket that counts an observation; the last has no bound.
std::size_t classic_bucket_of(double seconds) {
  DurationHistogram histogram;
  histogram.observe(seconds);
  CHECK(histogram.count() == 1);
  const auto cumulative = histogram.cumulative_counts();
  return static_cast<std::size_t>(std::ranges::find(cumulative, 1U) - cumulative.begin());
}

/// The index of the one exponential bucket that counts an observation.
int exponential_index_of(double seconds) {
  DurationHistogram histogram;
  histogram.observe(seconds);
  CHECK(histogram.zero_count() == 0);
  const auto counts = histogram.counts();
  return DurationHistogram::first_index +
         static_cast<int>(std::ranges::find(counts, 1U) - counts.begin());
}

/// Durations from below the zero threshold to beyond the last bound, with the bounds of both kinds
/// and the numbers next to them.
std::vector<double> many_durations() {
  std::vector<double> all{0, DurationHistogram::zero_threshold, 100, 1e9};
  const auto add_around = [&](double bound) {
    all.insert(all.end(), {std::nextafter(bound, 0), bound, std::nextafter(bound, 1e9)});
  };
  for (const auto bound : duration_bounds) add_around(bound);
  for (const auto bound : DurationHistogram::upper_bounds()) add_around(bound);
  std::mt19937 random(20);
  std::uniform_real_distribution<double> exponent(-20, 8);
  for (int i = 0; i < 5'000; ++i) all.push_back(std::exp2(exponent(random)));
  return all;
}

}  // namespace

TEST_CASE("the classic bounds grow") {
  CHECK(std::ranges::is_sorted(duration_bounds, std::ranges::less_equal{}));
}

TEST_CASE("the exponential bounds are powers of the eighth root of 2") {
  const auto bounds = DurationHistogram::upper_bounds();
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto index = DurationHistogram::first_index + static_cast<int>(i);
    CHECK(bounds[i] == Approx(std::exp2(index / 8.0)));
  }
  CHECK(bounds.front() > DurationHistogram::zero_threshold);
  CHECK(bounds.back() == 32);
}

TEST_CASE("a classic bucket contains its upper bound, and nothing above it") {
  for (std::size_t i = 0; i < duration_bounds.size(); ++i) {
    CHECK(classic_bucket_of(duration_bounds[i]) == i);
    CHECK(classic_bucket_of(std::nextafter(duration_bounds[i], 1'000)) == i + 1);
  }
}

TEST_CASE("the first classic bucket contains 0, the last what is above the highest bound") {
  CHECK(classic_bucket_of(0) == 0);
  CHECK(classic_bucket_of(3'600) == duration_bounds.size());
  CHECK(classic_bucket_of(std::numeric_limits<double>::infinity()) == duration_bounds.size());
}

TEST_CASE("an exponential bucket contains its upper bound, and nothing above it") {
  CHECK(exponential_index_of(1) == 0);
  CHECK(exponential_index_of(std::nextafter(1.0, 2.0)) == 1);
  CHECK(exponential_index_of(0.5) == -8);
  CHECK(exponential_index_of(1.09) == 1);
  CHECK(exponential_index_of(1.1) == 2);
}

TEST_CASE("the last exponential bucket also has what is above its bound") {
  CHECK(exponential_index_of(32) == 40);
  CHECK(exponential_index_of(1'000) == 40);
}

TEST_CASE("durations up to the zero threshold are in the zero bucket alone") {
  DurationHistogram histogram;
  for (const double seconds : {0.0, 1e-9, DurationHistogram::zero_threshold}) {
    histogram.observe(seconds);
  }
  CHECK(histogram.zero_count() == 3);
  CHECK(std::ranges::all_of(histogram.counts(), [](auto count) { return count == 0; }));
  CHECK(histogram.cumulative_counts().front() == 3);
}

TEST_CASE("classic counts are exact, never decrease, and end at the count of all") {
  DurationHistogram histogram;
  std::vector<double> observed;
  for (const auto seconds : many_durations()) {
    histogram.observe(seconds);
    observed.push_back(seconds);
  }
  const auto cumulative = histogram.cumulative_counts();
  for (std::size_t i = 0; i < duration_bounds.size(); ++i) {
    const auto expected = std::ranges::count_if(
        observed, [&](double seconds) { return seconds <= duration_bounds[i]; });
    CHECK(cumulative[i] == static_cast<std::uint64_t>(expected));
  }
  CHECK(std::ranges::is_sorted(cumulative));
  CHECK(cumulative.back() <= histogram.count());
  const auto in_buckets =
      std::accumulate(histogram.counts().begin(), histogram.counts().end(), std::uint64_t{0});
  CHECK(in_buckets + histogram.zero_count() == histogram.count());
  CHECK(histogram.count() == observed.size());
}

TEST_CASE("count and sum include all observations, and are 0 before the first") {
  DurationHistogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.sum_seconds() == 0);
  for (const double seconds : {0.001, 0.2, 12.5}) histogram.observe(seconds);
  CHECK(histogram.count() == 3);
  CHECK(histogram.sum_seconds() == Approx(12.701));
}
