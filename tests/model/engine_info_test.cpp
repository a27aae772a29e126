#include "tidegauge/model/engine_info.h"

#include "support/catch.h"

using namespace tidegauge::model;

TEST_CASE("an API version is read and written as MAJOR.MINOR") {
  CHECK(parse_api_version("1.41") == ApiVersion{1, 41});
  CHECK(parse_api_version("2.0") == ApiVersion{2, 0});
  CHECK(to_string(ApiVersion{1, 5}) == "1.5");
}

TEST_CASE("API versions compare by their numbers, not as text") {
  CHECK(ApiVersion{1, 9} < ApiVersion{1, 24});
  CHECK(ApiVersion{1, 51} < ApiVersion{2, 0});
  CHECK(ApiVersion{1, 41} == ApiVersion{1, 41});
}

TEST_CASE("a text that is not exactly MAJOR.MINOR is no API version") {
  for (const auto* text : {"", "1", "1.", ".41", "1.41 ", " 1.41", "1.41.0", "v1.41", "1,41",
                           "-1.2", "1.-2", "1.65536", "70000.1", "1.x"}) {
    INFO(text);
    CHECK_FALSE(parse_api_version(text));
  }
}
