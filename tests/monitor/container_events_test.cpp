#include "monitor/container_events.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::monitor;

namespace {

/// Attributes are sorted by key, as the reader of events leaves them.
model::Event event(const std::string& action, decltype(model::Event::attributes) attributes = {}) {
  model::Event event;
  event.type = "container";
  event.action = action;
  event.id = "abc";
  event.attributes = std::move(attributes);
  return event;
}

}  // namespace

TEST_CASE("an event of a network is about the container that is attached to it") {
  CHECK(container_id({.type = "container", .id = "c1", .attributes = {{"container", "x"}}}) ==
        "c1");
  CHECK(container_id({.type = "network", .id = "n1", .attributes = {{"container", "c1"}}}) == "c1");
  CHECK(container_id({.type = "network", .id = "n1"}).empty());
}

TEST_CASE("an attribute is found by its whole key") {
  const auto told = event("start", {{"image", "nginx"}, {"name", "web"}});
  CHECK(attribute(told, "name") == "web");
  CHECK(attribute(told, "image") == "nginx");
  CHECK(attribute(told, "nam").empty());
  CHECK(attribute(told, "zone").empty());
}

TEST_CASE("an action is split at its first colon") {
  CHECK(action_name(event("health_status: healthy")) == "health_status");
  CHECK(action_detail(event("health_status: healthy")) == "healthy");
  CHECK(action_detail(event("exec_start: sh -c a: b")) == "sh -c a: b");
  CHECK(action_name(event("start")) == "start");
  for (const auto* const action : {"start", "", "health_status:", "health_status: "}) {
    CHECK(action_detail(event(action)).empty());
  }
}

TEST_CASE("an exit code is a whole number or nothing") {
  CHECK(exit_code(event("die", {{"exitCode", "137"}})) == 137);
  CHECK(exit_code(event("die", {{"exitCode", "0"}})) == 0);
  CHECK(exit_code(event("die", {{"exitCode", "-1"}})) == -1);
  for (const auto* const text : {"", "1x", "x", "99999999999", " 1"}) {
    CHECK_FALSE(exit_code(event("die", {{"exitCode", text}})));
  }
  CHECK_FALSE(exit_code(event("die")));
}

TEST_CASE("the name before an event is the old name of a rename, without its slash") {
  CHECK(name_before(event("start", {{"name", "web"}})) == "web");
  CHECK(name_before(event("rename", {{"name", "new"}, {"oldName", "/old"}})) == "old");
  CHECK(name_before(event("rename", {{"name", "new"}, {"oldName", "old"}})) == "old");
  CHECK(name_before(event("rename", {{"name", "new"}})).empty());
}

TEST_CASE("an event describes a container by its attributes") {
  const auto container =
      described_by(event("create", {{"com.example", "x"}, {"image", "nginx"}, {"name", "web"}}));
  CHECK(container.id == "abc");
  CHECK(container.name == "web");
  CHECK(container.image == "nginx");
  CHECK(container.labels.size() == 3);
}

TEST_CASE("a row of a list describes a container") {
  const auto container = described_by(model::ContainerSummary{
      .id = "abc", .name = "web", .image = "nginx", .labels = {{"a", "b"}}});
  CHECK(container.id == "abc");
  CHECK(container.name == "web");
  CHECK(container.image == "nginx");
  CHECK(container.labels.size() == 1);
}
