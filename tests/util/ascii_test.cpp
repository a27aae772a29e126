#include "tidegauge/util/ascii.h"

#include "support/catch.h"

TEST_CASE("letters of ASCII become lower case, and all other bytes stay") {
  CHECK(tidegauge::ascii_lower_case("Content-Length: AZ @[`{ 09") == "content-length: az @[`{ 09");
  CHECK(tidegauge::ascii_lower_case("\xc4\xd6") == "\xc4\xd6");
  CHECK(tidegauge::ascii_lower_case("").empty());
}

TEST_CASE("letters of ASCII become capitals, and all other bytes stay") {
  CHECK(tidegauge::ascii_upper_case("pool.az AZ @[`{ 09") == "POOL.AZ AZ @[`{ 09");
  CHECK(tidegauge::ascii_upper_case("\xe4\xf6") == "\xe4\xf6");
  CHECK(tidegauge::ascii_upper_case("").empty());
}
