#include "pool/quarantine.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using pool::Quarantine;
using Cause = Quarantine::Cause;

namespace {

const config::PoolTuning tuning{.quarantine_initial = 5s, .quarantine_max = 15s};
constexpr SteadyTime start = SteadyTime{} + 1h;

std::optional<SteadyTime> refused_until(Quarantine& quarantine, std::string_view key,
                                        SteadyTime now) {
  const auto refusal = quarantine.refusal(key, now);
  if (!refusal) return std::nullopt;
  return refusal->until;
}

}  // namespace

TEST_CASE("calls about a stuck container are refused, and calls about others are sent") {
  Quarantine quarantine(tuning);
  CHECK(quarantine.got_stuck("web", start));
  CHECK(refused_until(quarantine, "web", start + 4s) == start + 5s);
  CHECK_FALSE(quarantine.refusal("db", start));
  CHECK(quarantine.containers(start).size() == 1);
}

TEST_CASE("after the quarantine one call is sent as a trial, and its answer ends the quarantine") {
  Quarantine quarantine(tuning);
  quarantine.got_stuck("web", start);
  CHECK_FALSE(quarantine.refusal("web", start + 5s));
  CHECK(quarantine.refusal("web", start + 5s));
  CHECK(quarantine.answered("web"));
  CHECK_FALSE(quarantine.answered("web"));
  CHECK_FALSE(quarantine.refusal("web", start + 5s));
}

TEST_CASE("each further quarantine lasts twice as long, up to the maximum") {
  Quarantine quarantine(tuning);
  CHECK(quarantine.got_stuck("web", start));
  CHECK_FALSE(quarantine.got_stuck("web", start));
  CHECK(refused_until(quarantine, "web", start) == start + 10s);
  quarantine.got_stuck("web", start);
  CHECK(refused_until(quarantine, "web", start) == start + 15s);
  for (int i = 0; i < 100; ++i) quarantine.got_stuck("web", start);
  CHECK(refused_until(quarantine, "web", start) == start + 15s);
}

TEST_CASE("a trial without an outcome leaves the trial to the next call") {
  Quarantine quarantine(tuning);
  quarantine.got_stuck("web", start);
  CHECK_FALSE(quarantine.refusal("web", start + 6s));
  quarantine.ended_otherwise("web");
  CHECK_FALSE(quarantine.refusal("web", start + 6s));
}

TEST_CASE("several stuck containers, or a stuck list, degrade the Engine") {
  Quarantine quarantine(tuning);
  quarantine.got_stuck("a", start);
  quarantine.got_stuck("b", start + 10s);
  CHECK_FALSE(quarantine.degraded(start + 10s));
  quarantine.got_stuck("c", start + 20s);
  CHECK(quarantine.degraded(start + 20s));
  CHECK_FALSE(quarantine.degraded(start + 31s));
  quarantine.list_got_stuck(start + 40s);
  CHECK(quarantine.degraded(start + 41s));
  CHECK_FALSE(quarantine.degraded(start + 71s));
}

TEST_CASE("a container without further calls is forgotten") {
  Quarantine quarantine(tuning);
  quarantine.got_stuck("gone", start);
  quarantine.got_stuck("web", start + 11min);
  CHECK(quarantine.containers(start).size() == 1);
}

TEST_CASE(
    "a container that gets stuck on its trial gets another trial after the second quarantine") {
  Quarantine quarantine(tuning);
  quarantine.got_stuck("web", start);
  CHECK_FALSE(quarantine.refusal("web", start + 5s));
  quarantine.got_stuck("web", start + 6s);
  CHECK(refused_until(quarantine, "web", start + 15s) == start + 16s);
  CHECK_FALSE(quarantine.refusal("web", start + 16s));
}

TEST_CASE("the second failure in a row quarantines a container, the first does not") {
  Quarantine quarantine(tuning);
  CHECK_FALSE(quarantine.failed("web", start));
  CHECK_FALSE(quarantine.refusal("web", start));
  CHECK(quarantine.containers(start).empty());
  CHECK(quarantine.failed("web", start + 1s));
  CHECK(quarantine.refusal("web", start + 1s) ==
        Quarantine::Refusal{.until = start + 6s, .cause = Cause::failing});
  CHECK(quarantine.containers(start).size() == 1);
  CHECK_FALSE(quarantine.refusal("web", start + 6s));
  CHECK_FALSE(quarantine.failed("web", start + 6s));
  CHECK(refused_until(quarantine, "web", start + 7s) == start + 16s);
}

TEST_CASE("an answer between two failures begins a new row") {
  Quarantine quarantine(tuning);
  quarantine.failed("web", start);
  CHECK_FALSE(quarantine.answered("web"));
  CHECK(quarantine.empty());
  CHECK_FALSE(quarantine.failed("web", start));
  CHECK_FALSE(quarantine.refusal("web", start));
}

TEST_CASE("failing containers do not make the Engine degraded") {
  Quarantine quarantine(tuning);
  for (const auto* container : {"a", "b", "c", "d"}) {
    quarantine.failed(container, start);
    quarantine.failed(container, start);
  }
  CHECK(quarantine.containers(start).size() == 4);
  CHECK_FALSE(quarantine.degraded(start));
}

TEST_CASE("an outage ends the quarantine of failing containers, and not of stuck ones") {
  Quarantine quarantine(tuning);
  quarantine.failed("once", start);
  quarantine.failed("twice", start);
  quarantine.failed("twice", start);
  quarantine.got_stuck("stuck", start);
  quarantine.forget_failures();
  CHECK_FALSE(quarantine.failed("once", start));
  CHECK_FALSE(quarantine.refusal("twice", start));
  CHECK(quarantine.refusal("stuck", start) ==
        Quarantine::Refusal{.until = start + 5s, .cause = Cause::stuck});
}

TEST_CASE("the containers in quarantine have the cause, and the time until the next call") {
  Quarantine quarantine(tuning);
  quarantine.got_stuck("web", start);
  quarantine.failed("db", start);  // once is no quarantine
  quarantine.failed("cache", start);
  quarantine.failed("cache", start + 1s);
  const auto containers = quarantine.containers(start + 2s);
  REQUIRE(containers.size() == 2);
  CHECK(containers[0].id == "cache");
  CHECK(containers[0].cause == "failing");
  CHECK(containers[0].next_call_seconds == 4);
  CHECK(containers[1].id == "web");
  CHECK(containers[1].cause == "stuck");
  CHECK(containers[1].next_call_seconds == 3);
  CHECK(quarantine.containers(start + 1h).front().next_call_seconds == 0);
}
