#include "tidegauge/model/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>

#include "support/catch.h"

using namespace tidegauge::model;
using tidegauge::test::Approx;

namespace {

/// The one bucket that an observation of this falls into.
std::size_t bucket_of(double seconds) {
  DurationHistogram histogram;
  histogram.observe(seconds);
  CHECK(histogram.count() == 1);
  const auto counts = histogram.counts();
  return static_cast<std::size_t>(std::ranges::find(counts, 1U) - counts.begin());
}

}  // namespace

TEST_CASE("the bounds grow, and there is one bucket more than bounds") {
  CHECK(std::ranges::is_sorted(duration_bounds, std::ranges::less_equal{}));
  CHECK(DurationHistogram().counts().size() == duration_bounds.size() + 1);
}

TEST_CASE("a bucket takes its bound, as Prometheus' le says, and nothing above it") {
  for (std::size_t i = 0; i < duration_bounds.size(); ++i) {
    CHECK(bucket_of(duration_bounds[i]) == i);
    CHECK(bucket_of(std::nextafter(duration_bounds[i], 1'000)) == i + 1);
  }
}

TEST_CASE("the first bucket takes nought, the last whatever is longer than the highest bound") {
  CHECK(bucket_of(0) == 0);
  CHECK(bucket_of(3'600) == duration_bounds.size());
  CHECK(bucket_of(std::numeric_limits<double>::infinity()) == duration_bounds.size());
}

TEST_CASE("count and sum are of all observations, and nothing was observed at first") {
  DurationHistogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.sum_seconds() == 0);
  for (const double seconds : {0.001, 0.2, 12.5}) histogram.observe(seconds);
  CHECK(histogram.count() == 3);
  CHECK(histogram.sum_seconds() == Approx(12.701));
}
