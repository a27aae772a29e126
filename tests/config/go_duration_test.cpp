#include "config/go_duration.h"

#include <map>
#include <string>

#include "support/catch.h"

using namespace tidegauge;
using config::parse_go_duration;
using namespace std::chrono_literals;

TEST_CASE("a duration of Go has decimal numbers and units in any order") {
  const std::map<std::string, std::chrono::nanoseconds> written{
      {"0", 0ns},
      {"0s", 0ns},
      {"1ns", 1ns},
      {"1us", 1us},
      {"1\xC2\xB5s", 1us},
      {"1\xCE\xBCs", 1us},
      {"1ms", 1ms},
      {"1.5h", 90min},
      {".5s", 500ms},
      {"5.s", 5s},
      {"1m30.918s", 90'918ms},
      {"30s1m", 90s},
      {"1s1s", 2s},
      {"1.000000001s", 1'000'000'001ns},
      {"1.0000000019s", 1'000'000'001ns},
      {"0.1h", 6min},
      {"0.000000000001h", 3ns},
      {"8784h", 366 * 24h},
  };
  for (const auto& [text, meaning] : written) {
    INFO(text);
    CHECK(parse_go_duration(text) == meaning);
  }
}

TEST_CASE("what is no duration of Go, or longer than a year, is none") {
  const std::string text =
      GENERATE("", "s", "1", "1 s", "-1s", "+1s", ".s", "1..5s", "1S", "1d", "1sm", "8784h1ns",
               "9223372036854775807ns", "5000h5000h", "99999999999999999999s", "1\xC2s");
  INFO(text);
  CHECK_FALSE(parse_go_duration(text));
}
