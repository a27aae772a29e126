#include <optional>
#include <string>

#include "status/api_example.h"
#include "status/status_scene.h"
#include "support/catch.h"
#include "tidegauge/status/api.h"

using namespace tidegauge;

TEST_CASE("an Engine that is up says what it is and what its machine does") {
  const test::ApiExample example;
  const auto document = test::parsed(engines_json(example.input()));
  CHECK(document.root()["time"].text() == "2026-11-23T09:00:00.250Z");
  CHECK(document.root()["host_name"].text() == "dock");
  const auto engine = *document.root()["engines"].elements().begin();
  CHECK(engine["endpoint"].text() == "local");
  CHECK(engine["up"].boolean() == true);
  CHECK(engine["since"].text() == "2026-11-23T08:59:50.250Z");
  CHECK_FALSE(engine["down_reason"].is_present());
  CHECK(engine["product"].text() == "docker");
  CHECK(engine["api_version"].text() == "1.41");
  CHECK(engine["containers_by_state"]["running"].count() == 1U);
  CHECK(engine["containers_by_state"]["dead"].count() == 0U);
  CHECK(engine["containers_watched"].count() == 3U);
  const auto machine = engine["machine"];
  CHECK(machine["cpus"].count() == 8U);
  CHECK(machine["memory_bytes"].count() == 8'000'000'000U);
  CHECK(machine["use"]["cpu_cores"].number() == 1.225);
  CHECK(machine["use"]["io_waiting_share"].number() == 0.225);
  const auto filesystem = *machine["filesystems"].elements().begin();
  CHECK(filesystem["used_bytes"].count() == 1'000U);
  CHECK(filesystem["size_bytes"].count() == 4'000U);
  CHECK(filesystem["has_engine_data"].boolean() == true);
}

TEST_CASE("an Engine that is down says why, and nothing of what is not known") {
  test::StatusScene scene;
  scene.engine.up = false;
  scene.engine.stale = true;
  scene.engine.down_reason = "nobody listens";
  const auto document = test::parsed(engines_json(scene.input()));
  const auto engine = *document.root()["engines"].elements().begin();
  CHECK(engine["up"].boolean() == false);
  CHECK(engine["stale"].boolean() == true);
  CHECK(engine["down_reason"].text() == "nobody listens");
  for (const auto* name : {"since", "version", "api_version", "containers_by_state", "machine"}) {
    CAPTURE(name);
    CHECK_FALSE(engine[name].is_present());
  }
}

TEST_CASE("the machine of an Engine elsewhere has the size that the Engine tells") {
  test::StatusScene scene;
  scene.engine.info = model::EngineInfo{.name = "far", .cpus = 4, .memory_bytes = 1'000};
  const auto document = test::parsed(engines_json(scene.input()));
  const auto machine = (*document.root()["engines"].elements().begin())["machine"];
  CHECK(machine["name"].text() == "far");
  CHECK(machine["cpus"].count() == 4U);
  CHECK(machine["memory_bytes"].count() == 1'000U);
  CHECK_FALSE(machine["use"].is_present());
  CHECK_FALSE(machine["filesystems"].is_present());
}
