#include "monitor/pending_settings.h"

#include <thread>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::MonitorSettings;
using monitor::PendingSettings;

namespace {

MonitorSettings of_interval(Milliseconds interval) {
  MonitorSettings settings;
  settings.options.interval = interval;
  return settings;
}

}  // namespace

TEST_CASE("settings are taken once, and only the latest of them") {
  PendingSettings pending;
  CHECK_FALSE(pending.take());
  pending.put(of_interval(1s));
  pending.put(of_interval(2s));
  CHECK(pending.take().value().options.interval == 2s);
  CHECK_FALSE(pending.take());
}

TEST_CASE("who waits goes on when the last settings are applied, or at the deadline") {
  PendingSettings pending;
  CHECK(pending.wait_until_applied(steady_now()));  // there are none
  pending.put(of_interval(1s));
  CHECK_FALSE(pending.wait_until_applied(steady_now() + 1ms));
  static_cast<void>(pending.take());
  pending.put(of_interval(2s));
  pending.applied();  // the first
  CHECK_FALSE(pending.wait_until_applied(steady_now() + 1ms));
  std::jthread monitor([&] {
    if (pending.take()) pending.applied();
  });
  CHECK(pending.wait_until_applied(steady_now() + 10s));
}
