#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "status/api_example.h"
#include "status/status_scene.h"
#include "support/catch.h"
#include "tidegauge/status/api.h"

using namespace std::chrono_literals;
using namespace tidegauge;

namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

std::size_t count_of(json::Value list) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto element : list.elements()) ++count;
  return count;
}

}  // namespace

TEST_CASE("the list has each container of each Engine with what is known of it") {
  const test::ApiExample example;
  const auto document = test::parsed(containers_json(example.input()));
  const auto list = document.root()["containers"];
  REQUIRE(count_of(list) == 3);
  const auto bare = *list.elements().begin();
  CHECK(bare["endpoint"].text() == "local");
  CHECK(bare["name"].text() == "bare");
  CHECK(bare["state"].text() == "paused");
  CHECK(bare["state_known"].boolean() == true);
  CHECK(bare["use"]["source"].text() == "engine");
  for (const auto* name : {"health", "exit_code", "finished_at", "restarts", "last_end", "layer",
                           "labels", "history", "networks"}) {
    CAPTURE(name);
    CHECK_FALSE(bare[name].is_present());
  }
}

TEST_CASE("a container that has ended has no use") {
  const test::ApiExample example;
  const auto document = test::parsed(*container_json(example.input(), "local", "gone"));
  CHECK(document.root()["exit_code"].integer() == 3);
  CHECK_FALSE(document.root()["use"].is_present());
  CHECK_FALSE(document.root()["networks"].is_present());
}

TEST_CASE("one container says everything that is known of it") {
  const test::ApiExample example;
  const auto document = test::parsed(*container_json(example.input(), "local", "web", {{"nginx"}}));
  const auto web = document.root();
  CHECK(web["service"].text() == "front");
  CHECK(web["health"].text() == "healthy");
  CHECK(web["last_health_check"]["duration_seconds"].number() == 0.05);
  CHECK(web["restarts"].count() == 2U);
  CHECK(web["limits"]["cpu_cores"].number() == 1.5);
  CHECK(web["use"]["cpu_cores"].number() == 1.225);
  CHECK(web["use"]["throttled_share"].number() == 0.25);
  CHECK(web["last_end"]["number"].count() == 7U);
  CHECK(web["labels"]["unlisted"].text() == "secret");
  CHECK((*web["processes"].elements().begin()).text() == "nginx");
  CHECK(count_of(web["health_changes"]) == 2);
  CHECK(count_of(web["networks"]) == 2);
  const auto attached = *web["attached_networks"].elements().begin();
  CHECK(attached["name"].text() == "shop_default");
  CHECK(attached["ipv4_address"].text() == "172.28.5.3");
  CHECK(count_of(web["history"]["cpu_cores"]) == status::step_count);
}

TEST_CASE("the last end is the latest, in whatever order the ends were decided") {
  test::StatusScene scene;
  scene.add("web");
  scene.add_end("web", model::EndCause::error, 10s);
  scene.add_end("web", model::EndCause::stopped, 60s);
  const auto document = test::parsed(*container_json(scene.input(), "local", "web"));
  CHECK(document.root()["last_end"]["cause"].text() == "error");
}

TEST_CASE("a container that is not watched, and one of another Engine, is none") {
  const test::ApiExample example;
  CHECK_FALSE(container_json(example.input(), "local", "nobody"));
  CHECK_FALSE(container_json(example.input(), "other", "web"));
  CHECK_FALSE(container_json(example.input(), "nowhere", "web"));
}

TEST_CASE("of labels, only those that the reader may see are written") {
  const test::ApiExample example;
  auto input = example.input();
  input.show_all_labels = false;
  input.listed_labels = {"listed"};
  const auto document = test::parsed(*container_json(input, "local", "web"));
  CHECK(document.root()["labels"].texts() == Labels{{"listed", "1"}});
}

TEST_CASE("processes are written only where web.show_processes is on") {
  const test::ApiExample example;
  auto input = example.input();
  input.show_processes = false;
  const auto document = test::parsed(*container_json(input, "local", "web", {{"nginx"}}));
  CHECK_FALSE(document.root()["processes"].is_present());
}

TEST_CASE("texts that a container chooses itself stay texts") {
  test::StatusScene scene;
  const std::string name = "a\"},{\"b\\\n</script>\xff";
  scene.add(name, [](model::Container& container) { container.labels = {{"\"k\"", "\"v\""}}; });
  const auto document = test::parsed(*container_json(scene.input(), "local", name));
  CHECK(document.root()["name"].text() == "a\"},{\"b\\\n</script>\\xff");
  CHECK(document.root()["labels"].texts() == Labels{{"\"k\"", "\"v\""}});
}
