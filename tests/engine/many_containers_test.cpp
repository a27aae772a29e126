// A host full of containers.

#include <algorithm>
#include <cstddef>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/engine_states.h"
#include "support/page.h"
#include "support/real_engine.h"

using namespace tidegauge;
using test::Page;
using test::RealEngine;

TEST_CASE("every one of many containers is on the page in one cycle") {
  const auto count = test::containers_to_start(100);
  const RealEngine engine;
  const auto ids = test::create_many(engine, count);

  const auto cycle = test::run_once({.arguments = {"--pool.socket_path=" + engine.address()}});
  INFO(cycle.log);
  REQUIRE(cycle.status == 0);
  const Page page(cycle.page);

  CHECK(page.value("tidegauge_engine_containers", {{"state", "running"}}) == count);
  for (const auto* metric :
       {"container_last_seen", "container_start_time_seconds", "container_cpu_usage_seconds_total",
        "container_memory_working_set_bytes", "container_network_receive_bytes_total"}) {
    INFO(metric);
    const auto shown = page.values_of("id", metric);
    CHECK(page.values_of("name", metric).size() == count);
    CHECK(std::ranges::all_of(
        ids, [&](const auto& id) { return shown.contains(RealEngine::cgroup_of(id)); }));
  }
  CHECK(page.value("tidegauge_sample_latency_max_seconds_count") == 1);
}
