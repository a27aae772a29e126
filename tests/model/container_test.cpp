#include "tidegauge/model/container.h"

#include "support/catch.h"

using namespace tidegauge::model;

TEST_CASE("every state is read back from its name") {
  for (const auto state : container_states) CHECK(parse_container_state(to_string(state)) == state);
  CHECK(to_string(ContainerState::restarting) == "restarting");
}

TEST_CASE("a state of a later Engine and a misspelt state are unknown") {
  for (const auto* text : {"stopping", "", "Running", "running ", "runnin"}) {
    CHECK(parse_container_state(text) == ContainerState::unknown);
  }
}

TEST_CASE("every health is read back from its name, and other names are none") {
  for (const auto health : health_statuses) CHECK(parse_health(to_string(health)) == health);
  for (const auto* text : {"", "Healthy", "sick"}) CHECK(parse_health(text) == Health::none);
}

TEST_CASE("only a container that runs or is paused has processes") {
  for (const auto state : container_states) {
    const bool expected = state == ContainerState::running || state == ContainerState::paused;
    CHECK(has_processes(state) == expected);
  }
}

TEST_CASE("a label is found by its whole key, also if key or value is empty") {
  Container container;
  container.labels = {{"", "no key"}, {"a", "1"}, {"a.b", ""}};
  CHECK(find_label(container, "") == "no key");
  CHECK(find_label(container, "a") == "1");
  CHECK(find_label(container, "a.b") == "");
  CHECK_FALSE(find_label(container, "a."));
  CHECK_FALSE(find_label(Container{}, "a"));
}

TEST_CASE("a network is shared only with the host or another container") {
  for (const auto* mode : {"host", "container:6d2ab3321073", "container:"}) {
    CHECK(shares_network({.network_mode = mode}));
  }
  for (const auto* mode :
       {"", "default", "bridge", "none", "shop_default", "hosted", "container"}) {
    CHECK_FALSE(shares_network({.network_mode = mode}));
  }
}
