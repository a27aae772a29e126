#include <string>

#include "status/api_example.h"
#include "status/status_scene.h"
#include "support/catch.h"
#include "tidegauge/status/api.h"

using namespace tidegauge;

TEST_CASE("a pool says what its connections do now and what they did since the start") {
  const test::ApiExample example;
  const auto document = test::parsed(pool_json(example.input()));
  const auto pool = *document.root()["pools"].elements().begin();
  CHECK(pool["endpoint"].text() == "local");
  CHECK(pool["circuit"].text() == "half_open");
  CHECK(pool["next_probe_seconds"].number() == 0.4);
  CHECK(pool["connections_active"].count() == 2U);
  const auto start = pool["since_start"];
  CHECK(start["acquired"].count() == 1'000U);
  CHECK(start["connections_closed"]["idle"].count() == 1U);
  CHECK(start["connections_closed"]["shutdown"].count() == 9U);
  CHECK(start["waited_in_vain"]["sum_seconds"].number() == 5);
  const auto slot = *pool["slots"].elements().begin();
  CHECK(slot["slot"].count() == 3U);
  CHECK(slot["holder"].text() == "monitor");
}

TEST_CASE("a pool has the containers in quarantine, and why") {
  test::StatusScene scene;
  scene.pools = {{.endpoint = "local",
                  .quarantined = {{.id = "web-id", .cause = "stuck", .next_call_seconds = 2.5}}}};
  const auto document = test::parsed(pool_json(scene.input()));
  const auto pool = *document.root()["pools"].elements().begin();
  CHECK(pool["quarantined_containers"].count() == 1U);
  const auto container = *pool["quarantine"].elements().begin();
  CHECK(container["container_id"].text() == "web-id");
  CHECK(container["cause"].text() == "stuck");
  CHECK(container["next_call_seconds"].number() == 2.5);
}

TEST_CASE("a pool whose circuit is closed has no next probe, and a count of 0 is written") {
  test::StatusScene scene;
  scene.pools = {{.endpoint = "local"}};
  const auto document = test::parsed(pool_json(scene.input()));
  const auto pool = *document.root()["pools"].elements().begin();
  CHECK(pool["circuit"].text() == "closed");
  CHECK_FALSE(pool["next_probe_seconds"].is_present());
  CHECK(pool["connections_idle"].count() == 0U);
  CHECK_FALSE(pool["slots"].is_present());
}
