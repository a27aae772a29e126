#include "web/token_bucket.h"

#include <chrono>

#include "support/catch.h"

using namespace std::chrono_literals;
using tidegauge::SteadyTime;
using tidegauge::web::TokenBucket;

TEST_CASE("a burst is let through, then one per interval") {
  SteadyTime now{};
  TokenBucket bucket(100ms, 3, now);
  for (int i = 0; i < 3; ++i) CHECK(bucket.take(now));
  CHECK_FALSE(bucket.take(now));
  now += 99ms;
  CHECK_FALSE(bucket.take(now));
  now += 1ms;
  CHECK(bucket.take(now));
  CHECK_FALSE(bucket.take(now));
}

TEST_CASE("a quiet time saves no more than a burst") {
  SteadyTime now{};
  TokenBucket bucket(100ms, 2, now);
  now += 1h;
  CHECK(bucket.take(now));
  CHECK(bucket.take(now));
  CHECK_FALSE(bucket.take(now));
}
