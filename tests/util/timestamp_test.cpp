#include "tidegauge/util/timestamp.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;

TEST_CASE("a timestamp keeps its nanoseconds") {
  const auto time = parse_timestamp("2026-11-23T06:12:39.554575908Z");
  REQUIRE(time);
  CHECK(time->time_since_epoch() == 1795414359s + 554575908ns);
}

TEST_CASE("a timestamp with an offset is the same moment in UTC") {
  CHECK(parse_timestamp("2026-11-23T07:12:39+01:00") == parse_timestamp("2026-11-23T06:12:39Z"));
  CHECK(parse_timestamp("2026-11-23T00:12:39-06:00") == parse_timestamp("2026-11-23T06:12:39Z"));
}

TEST_CASE("Go's zero time and malformed timestamps are no time") {
  for (const auto* text : {"0001-01-01T00:00:00Z",
                           "",
                           "2026",
                           "2026-13-01T00:00:00Z",
                           "2026-02-30T00:00:00Z",
                           "2026-11-23T25:00:00Z",
                           "2026-11-23T06:12:39",
                           "2026-11-23T06:12:39Zx",
                           "2026-11-23T06:12:39+1:00",
                           "9999-01-01T00:00:00Z",
                           "-026-11-23T06:12:39Z",
                           "2026-11-23T-0:12:39Z",
                           "2026-11-23T06:60:39Z",
                           "2026-11-23T06:12:61Z",
                           "2026-11-23T24:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-11-00T00:00:00Z",
                           "1969-12-31T23:59:59Z",
                           "2201-01-01T00:00:00Z",
                           "2026-11-23T06:12Z",
                           "2026-11-23T06:12:39+01:00x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_timestamp(text));
  }
}

TEST_CASE("times end before nanoseconds overflow") {
  CHECK(parse_timestamp("2026-11-23T23:59:60Z") == parse_timestamp("2026-11-24T00:00:00Z"));
  CHECK(parse_timestamp("1970-01-01T00:00:00Z"));
  CHECK(parse_timestamp("2200-12-31T23:59:59.999999999Z"));
}

TEST_CASE("a time is written in UTC, with the decimals that are asked for") {
  const WallTime time{1795414359s + 5'575'908ns};
  CHECK(to_rfc3339(time, Decimals::milliseconds) == "2026-11-23T06:12:39.005Z");
  CHECK(to_rfc3339(time, Decimals::nanoseconds) == "2026-11-23T06:12:39.005575908Z");
  CHECK(to_rfc3339(WallTime{}, Decimals::milliseconds) == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("a time that is written with nanoseconds reads back as the same") {
  for (const auto nanoseconds : {0ns, 1ns, 999'999'999ns, 68'256'000'000'000'001ns,
                                 1'795'414'359'554'575'908ns, 7'289'653'199'999'999'999ns}) {
    const WallTime time{nanoseconds};
    CHECK(parse_timestamp(to_rfc3339(time, Decimals::nanoseconds)) == time);
  }
}
