#include "tidegauge/util/retry.h"

#include <thread>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;

TEST_CASE("the pause doubles from failure to failure up to the longest") {
  Retry retry({.first_pause = 100ms, .longest_pause = 350ms});
  CHECK(retry.next_pause() == 0ms);
  std::vector<Milliseconds> pauses;
  for (int i = 0; i < 4; ++i) {
    static_cast<void>(retry.failed(SteadyTime{}));
    pauses.push_back(retry.next_pause());
  }
  CHECK(pauses == std::vector<Milliseconds>{100ms, 200ms, 350ms, 350ms});
  CHECK(retry.failures() == 4);
}

TEST_CASE("a success resets the pauses and the log lines") {
  Retry retry({.first_pause = 100ms, .longest_pause = 10s});
  const SteadyTime now{1h};
  CHECK(retry.failed(now));
  CHECK_FALSE(retry.failed(now));
  retry.succeeded();
  CHECK(retry.next_pause() == 0ms);
  CHECK(retry.failures() == 0);
  CHECK(retry.failed(now));
  CHECK(retry.next_pause() == 100ms);
}

TEST_CASE("failures in a row are logged at most once each log gap") {
  Retry retry({.log_gap = 60s});
  const SteadyTime now{1h};
  CHECK(retry.failed(now));
  CHECK_FALSE(retry.failed(now + 59s));
  CHECK(retry.failed(now + 60s));
  CHECK_FALSE(retry.failed(now + 61s));
}

TEST_CASE("a stop ends the pause at once") {
  Retry retry({.first_pause = 1h, .longest_pause = 1h});
  static_cast<void>(retry.failed(steady_now()));
  // Returns at all: the pause is an hour.
  const std::jthread pausing([&](const std::stop_token& stop) { retry.pause(stop); });
}

TEST_CASE("a pause without a stop lasts its whole time") {
  Retry retry({.first_pause = 20ms});
  static_cast<void>(retry.failed(steady_now()));
  const auto before = steady_now();
  retry.pause({});
  CHECK(steady_now() - before >= 20ms);
}
