#include "util/log_throttle.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;

namespace {

const SteadyTime start = SteadyTime{} + 1h;

std::size_t admitted(LogThrottle& throttle, std::string_view message, SteadyTime now, int times) {
  std::size_t count = 0;
  for (int i = 0; i < times; ++i) count += throttle.admit(message, now) ? 1U : 0U;
  return count;
}

}  // namespace

TEST_CASE("a message is admitted twenty times at once, then once per ten seconds") {
  LogThrottle throttle;
  CHECK(admitted(throttle, "bad event", start, 1'000) == 20);
  CHECK(admitted(throttle, "bad event", start + 9'999ms, 1'000) == 0);
  CHECK(admitted(throttle, "bad event", start + 10s, 1'000) == 1);
  CHECK(admitted(throttle, "bad event", start + 45s, 1'000) == 3);
}

TEST_CASE("the next admitted message says how many were suppressed before it") {
  LogThrottle throttle;
  CHECK(admitted(throttle, "bad event", start, 120) == 20);
  CHECK(throttle.admit("bad event", start + 10s) == std::optional<std::uint64_t>(100));
  CHECK(throttle.admit("bad event", start + 20s) == std::optional<std::uint64_t>(0));
}

TEST_CASE("a flood of one message suppresses no other") {
  LogThrottle throttle;
  CHECK(admitted(throttle, "bad event", start, 1'000) == 20);
  CHECK(throttle.admit("engine is down", start) == std::optional<std::uint64_t>(0));
}

TEST_CASE("a message has its whole burst again after a quiet time") {
  LogThrottle throttle;
  CHECK(admitted(throttle, "bad event", start, 20) == 20);
  CHECK(admitted(throttle, "bad event", start + 200s, 1'000) == 20);
}

TEST_CASE("messages beyond the remembered ones share one allowance") {
  LogThrottle throttle;
  for (std::size_t i = 0; i < LogThrottle::max_messages; ++i) {
    REQUIRE(throttle.admit("message " + std::to_string(i), start));
  }
  std::size_t count = 0;
  for (int i = 0; i < 1'000; ++i) {
    count += throttle.admit("other " + std::to_string(i), start) ? 1U : 0U;
  }
  CHECK(count == 20);
  // Once the remembered ones were quiet for long enough, there is room for new ones.
  CHECK(throttle.admit("another", start + 10s));
}
