#include "metrics/container_labels.h"

#include <memory>
#include <string>
#include <utility>

#include "support/catch.h"

using namespace tidegauge;
using metrics::ContainerLabels;
using metrics::PageOptions;

namespace {

model::ContainerRecord record_with(decltype(model::Container::labels) docker_labels) {
  model::Container container;
  container.name = "web";
  container.image = "nginx";
  container.labels = std::move(docker_labels);
  return {.container = std::make_shared<model::Container>(std::move(container)),
          .cgroup_path = "/docker/1"};
}

}  // namespace

TEST_CASE("all labels are the endpoint's, the identity and the configured Docker labels") {
  const PageOptions options{.container_labels = {"com.docker.compose.project", "absent"}};
  ContainerLabels labels(options);
  CHECK(labels.all_labels(record_with({{"com.docker.compose.project", "shop"}, {"other", "x"}}),
                          "endpoint=\"a\",") ==
        "endpoint=\"a\",id=\"/docker/1\",name=\"web\",image=\"nginx\","
        "container_label_com_docker_compose_project=\"shop\",");
  CHECK(labels.cut() == 0);
}

TEST_CASE("a container requests labels of its own, with spaces and commas to spare") {
  const PageOptions options;
  ContainerLabels labels(options);
  CHECK(labels.all_labels(
            record_with({{"b", "2"}, {"team", "sea"}, {"tidegauge.labels", " team ,, b,none"}}),
            {}) ==
        "id=\"/docker/1\",name=\"web\",image=\"nginx\",container_label_team=\"sea\","
        "container_label_b=\"2\",");
}

TEST_CASE("of two keys that become one name the first that the container has is exported") {
  const PageOptions options{.container_labels = {"a-b", "a.b", "a_b"}};
  ContainerLabels labels(options);
  CHECK(labels.all_labels(record_with({{"a.b", "dot"}, {"a_b", "line"}}), {}) ==
        "id=\"/docker/1\",name=\"web\",image=\"nginx\",container_label_a_b=\"dot\",");
}

TEST_CASE("cut values are counted, with the first container that has one") {
  const PageOptions options{.container_labels = {"long"}, .max_label_length = 32};
  ContainerLabels labels(options);
  const auto text = labels.all_labels(record_with({{"long", std::string(33, 'x')}}), {});
  CHECK(text.ends_with("container_label_long=\"" + std::string(32, 'x') + "\","));
  CHECK(labels.cut() == 1);
  CHECK(labels.first_cut() == "web");
}

TEST_CASE("the name alone follows the labels of the endpoint") {
  const PageOptions options;
  CHECK(ContainerLabels(options).name_only("web", "endpoint=\"a\",") ==
        "endpoint=\"a\",name=\"web\",");
}
