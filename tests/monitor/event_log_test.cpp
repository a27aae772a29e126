#include "monitor/event_log.h"

#include <chrono>
#include <string>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::EventLog;

namespace {

constexpr WallTime start{1'795'424'400s};

model::Event event_at(WallTime at, std::string action = "start", std::string id = "web") {
  return {.type = "container", .action = std::move(action), .id = std::move(id), .at = at};
}

}  // namespace

TEST_CASE("an event is new once, and only equal events are the same") {
  EventLog log;
  CHECK(log.remember(event_at(start)));
  CHECK_FALSE(log.remember(event_at(start)));
  CHECK(log.remember(event_at(start + 1ns)));
  CHECK(log.remember(event_at(start, "die")));
  CHECK(log.remember(event_at(start, "start", "api")));
}

TEST_CASE("every event that an Engine can replay is recognised, and the memory is bounded") {
  EventLog log;
  for (int i = 0; i < 600; ++i) REQUIRE(log.remember(event_at(start + i * 1s)));
  for (int i = 600 - 256; i < 600; ++i) CHECK_FALSE(log.remember(event_at(start + i * 1s)));
  CHECK(log.remember(event_at(start)));
}

TEST_CASE("events are followed from a little before the last one") {
  EventLog log;
  log.remember(event_at(start));
  log.remember(event_at(start + 1min));
  REQUIRE(log.follow_from());
  CHECK(*log.follow_from() < start + 1min);
  CHECK(*log.follow_from() >= start + 1min - 5s);
}

TEST_CASE("without an event the stream begins at the Engine's first known time") {
  EventLog log;
  CHECK_FALSE(log.follow_from());
  log.begin(start);
  log.begin(start + 1h);
  CHECK(log.follow_from() == start);
}

TEST_CASE("events from before the beginning are not asked for") {
  EventLog log;
  log.begin(start);
  log.remember(event_at(start + 1s));
  CHECK(log.follow_from() == start);
}

TEST_CASE("after the Engine's clock was set back, the stream begins before its last event") {
  EventLog log;
  log.begin(start);
  log.remember(event_at(start + 1s));
  log.remember(event_at(start - 600s));
  REQUIRE(log.follow_from());
  CHECK(*log.follow_from() < start - 600s);
}
