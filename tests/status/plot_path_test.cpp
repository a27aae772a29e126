#include "status/plot_path.h"

#include <limits>
#include <vector>

#include "support/catch.h"

using namespace tidegauge::status;

namespace {

constexpr float gap = std::numeric_limits<float>::quiet_NaN();

std::string path(const std::vector<float>& values, double top = 10) {
  return plot_path(values, top, 10);
}

}  // namespace

TEST_CASE("a level line is one step") {
  CHECK(path({0, 0, 0, 0}) == "M0 10h3");
  CHECK(path({10, 10}) == "M0 0h1");
}

TEST_CASE("a line goes up and down by relative steps") {
  CHECK(path({0, 5, 5, 2}) == "M0 10l1-5h1l1 3");
}

TEST_CASE("where a value is not known the line has a gap, and one value alone is a point") {
  CHECK(path({0, 0, gap, 4, gap, 10}) == "M0 10h1M3 6h0M5 0h0");
  CHECK(path({gap, gap}).empty());
}

TEST_CASE("a line stays within the plot") {
  CHECK(path({20, -3}) == "M0 0l1 10");
  CHECK(path({0, 1}, 0) == "M0 10h1");  // there is no greatest value to be measured by
  CHECK(path({std::numeric_limits<float>::infinity(), 1}) == "M1 9h0");
}

TEST_CASE("the greatest value is one that is known") {
  CHECK(greatest(std::vector<float>{1, gap, 3, 2}) == 3);
  CHECK(greatest(std::vector<float>{gap}) == 0);
}

TEST_CASE("halves are the means of pairs, or what is known of them") {
  CHECK(half_as_many(std::vector<float>{9, 1, 3, gap, 5}) == std::vector<float>{2, 5});
  CHECK(half_as_many(std::vector<float>{2, gap, gap, 4}) == std::vector<float>{2, 4});
}
