#include "tidegauge/model/container_stats.h"

#include "support/catch.h"

using tidegauge::model::growth;
using tidegauge::model::working_set;

TEST_CASE("the working set is the usage less the inactive file cache, at least 0") {
  CHECK(working_set(100, 30) == 70U);
  CHECK(working_set(100, 0) == 100U);
  CHECK(working_set(100, 100) == 0U);
  CHECK(working_set(100, 101) == 0U);
}

TEST_CASE("without the inactive file cache the working set is not known") {
  CHECK_FALSE(working_set(100, std::nullopt));
}

TEST_CASE("a count has grown only where it is known at both times") {
  CHECK(growth(1, 3) == 2);
  CHECK(growth(2, 2) == 0);
  CHECK(growth(2, 1) == 0);
  CHECK(growth(std::nullopt, 1) == 0);
  CHECK(growth(1, std::nullopt) == 0);
}
