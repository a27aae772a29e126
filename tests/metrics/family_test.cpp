#include "metrics/family.h"

#include <cstdint>
#include <limits>
#include <string>

#include "support/catch.h"

using namespace tidegauge;
using metrics::Number;

namespace {

std::string text_of(const Number& number) {
  return std::string(metrics::NumberText(number).view());
}

}  // namespace

TEST_CASE("whole numbers are exact and have no exponent") {
  CHECK(text_of(0) == "0");
  CHECK(text_of(-7) == "-7");
  CHECK(text_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(text_of(9007199254740992.0) == "9007199254740992");
}

TEST_CASE("fractions are the shortest text that reads back the same") {
  CHECK(text_of(0.1) == "0.1");
  CHECK(text_of(0.0001) == "0.0001");
  CHECK(text_of(0.000025) == "2.5e-05");
  CHECK(std::stod(text_of(1.0 / 3)) == 1.0 / 3);
}

TEST_CASE("a number that a double cannot hold becomes the nearest double") {
  CHECK(Number(std::numeric_limits<std::uint64_t>::max()).as_double() == 18446744073709551616.0);
  CHECK(Number(2.5).as_double() == 2.5);
}

TEST_CASE("types have the words of the text format") {
  CHECK(to_string(metrics::MetricType::counter) == "counter");
  CHECK(to_string(metrics::MetricType::gauge) == "gauge");
  CHECK(to_string(metrics::MetricType::histogram) == "histogram");
}
