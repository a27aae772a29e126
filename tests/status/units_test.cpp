#include "status/units.h"

#include <chrono>
#include <limits>

#include "support/catch.h"

using namespace std::chrono_literals;
using namespace tidegauge;
using namespace tidegauge::status;

TEST_CASE("bytes are in units of 1024 with two digits that count") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(1'023) == "1023 B");
  CHECK(bytes_text(1'024) == "1 KiB");
  CHECK(bytes_text(1'536) == "1.5 KiB");
  CHECK(bytes_text(64.0 * 1'024 * 1'024) == "64 MiB");
  CHECK(bytes_text(1'048'575) == "1 MiB");  // never "1024 KiB"
  CHECK(bytes_text(1e30) == "867361737988 EiB");
  CHECK(rate_text(2'048) == "2 KiB/s");
}

TEST_CASE("a share is in percent") {
  CHECK(percent_text(0) == "0 %");
  CHECK(percent_text(0.0042) == "0.4 %");
  CHECK(percent_text(0.123) == "12 %");
  CHECK(percent_text(1.5) == "150 %");
}

TEST_CASE("a duration has at most two units, and seconds only by themselves") {
  CHECK(duration_text(0.4) == "0 s");
  CHECK(duration_text(59.9) == "59 s");
  CHECK(duration_text(60) == "1 min");
  CHECK(duration_text(3'599) == "59 min");
  CHECK(duration_text(3'600) == "1 h");
  CHECK(duration_text(7'500) == "2 h 5 min");
  CHECK(duration_text(86'400.0 * 4 + 3 * 3'600) == "4 d 3 h");
  CHECK(duration_text(-5) == "0 s");
}

TEST_CASE("a time is told by its distance, and the future as now") {
  const WallTime now{1'795'424'400s};
  CHECK(ago_text(now - 3min, now) == "3 min ago");
  CHECK(ago_text(now - 999ms, now) == "now");
  CHECK(ago_text(now + 1h, now) == "now");
}

TEST_CASE("exact numbers have commas") {
  CHECK(with_commas(0) == "0");
  CHECK(with_commas(999) == "999");
  CHECK(with_commas(1'000) == "1,000");
  CHECK(exact_bytes(1'234'567) == "1,234,567 bytes");
  CHECK(with_commas(std::numeric_limits<std::uint64_t>::max()) == "18,446,744,073,709,551,615");
}

TEST_CASE("decimals end without zeros, and what is no number says so") {
  CHECK(decimal_text(0.25, 2) == "0.25");
  CHECK(decimal_text(3, 2) == "3");
  CHECK(decimal_text(-0.0001, 2) == "0");
  CHECK(decimal_text(100, 0) == "100");
  CHECK(decimal_text(std::numeric_limits<double>::quiet_NaN(), 2) == "?");
  CHECK(decimal_text(std::numeric_limits<double>::max(), 0).size() == 309);
}

TEST_CASE("a long text of others is cut between characters") {
  CHECK(shortened("abc", 3) == "abc");
  CHECK(shortened("abcd", 3) == "abc…");
  CHECK(shortened("aüü", 4) == "aü…");
}
