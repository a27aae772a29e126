#include "tidegauge/pool/quarantine.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using pool::Quarantine;

namespace {

const config::PoolConfig options{.quarantine_initial = 5s, .quarantine_max = 15s};
constexpr SteadyTime start = SteadyTime{} + 1h;

}  // namespace

TEST_CASE("a container that got stuck is left alone, and others are not") {
  Quarantine quarantine(options);
  CHECK(quarantine.got_stuck("web", start));
  CHECK(quarantine.refusal("web", start + 4s) == start + 5s);
  CHECK_FALSE(quarantine.refusal("db", start));
  CHECK(quarantine.size() == 1);
}

TEST_CASE("after its time one call goes as a trial, and an answer ends the quarantine") {
  Quarantine quarantine(options);
  quarantine.got_stuck("web", start);
  CHECK_FALSE(quarantine.refusal("web", start + 5s));
  CHECK(quarantine.refusal("web", start + 5s));
  CHECK(quarantine.answered("web"));
  CHECK_FALSE(quarantine.answered("web"));
  CHECK_FALSE(quarantine.refusal("web", start + 5s));
}

TEST_CASE("each time it gets stuck again it is left alone for twice as long, up to the maximum") {
  Quarantine quarantine(options);
  CHECK(quarantine.got_stuck("web", start));
  CHECK_FALSE(quarantine.got_stuck("web", start));
  CHECK(quarantine.refusal("web", start) == start + 10s);
  quarantine.got_stuck("web", start);
  CHECK(quarantine.refusal("web", start) == start + 15s);
  for (int i = 0; i < 100; ++i) quarantine.got_stuck("web", start);
  CHECK(quarantine.refusal("web", start) == start + 15s);
}

TEST_CASE("a trial that says nothing leaves the next to try") {
  Quarantine quarantine(options);
  quarantine.got_stuck("web", start);
  CHECK_FALSE(quarantine.refusal("web", start + 6s));
  quarantine.ended_otherwise("web");
  CHECK_FALSE(quarantine.refusal("web", start + 6s));
}

TEST_CASE("several stuck containers, or a stuck list, are the Engine's own trouble") {
  Quarantine quarantine(options);
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

TEST_CASE("a container that nobody asks about any more is forgotten") {
  Quarantine quarantine(options);
  quarantine.got_stuck("gone", start);
  quarantine.got_stuck("web", start + 11min);
  CHECK(quarantine.size() == 1);
}
