#include "monitor/container_filter.h"

#include <string>
#include <utility>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using config::MonitorConfig;
using monitor::is_watched;

namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

model::Container container(const std::string& name, Labels labels = {}) {
  model::Container container;
  container.name = name;
  container.image = "shop/" + name + ":1";
  container.labels = std::move(labels);
  return container;
}

std::vector<model::ContainerGlob> globs(const std::vector<std::string>& texts) {
  std::vector<model::ContainerGlob> globs;
  for (const auto& text : texts) globs.push_back(test::value_of(model::parse_container_glob(text)));
  return globs;
}

MonitorConfig options(const std::vector<std::string>& include,
                      const std::vector<std::string>& exclude) {
  MonitorConfig options;
  options.include = globs(include);
  options.exclude = globs(exclude);
  return options;
}

const Labels on{{"tidegauge.enable", "true"}};
const Labels off{{"tidegauge.enable", "false"}};

}  // namespace

TEST_CASE("every container is watched by default") {
  CHECK(is_watched(container("web"), {}));
  CHECK_FALSE(is_watched(container("web", off), {}));
}

TEST_CASE("one match of include is enough, and one match of exclude rules a container out") {
  const auto some = options({"web-*", "image:shop/db:*"}, {"*-2", "label:stage=test"});
  CHECK(is_watched(container("web-1"), some));
  CHECK(is_watched(container("db"), some));
  CHECK_FALSE(is_watched(container("api"), some));
  CHECK_FALSE(is_watched(container("web-2"), some));
  CHECK_FALSE(is_watched(container("db", {{"stage", "test"}}), some));
  CHECK(is_watched(container("api"), options({}, {"web"})));
}

TEST_CASE("the container's own label overrides include and exclude") {
  CHECK(is_watched(container("web", on), options({"db"}, {"*"})));
  CHECK_FALSE(is_watched(container("web", off), options({"web"}, {})));
}

TEST_CASE("with opt-in only containers with the label are watched") {
  auto opt_in = options({"web"}, {});
  opt_in.opt_in = true;
  CHECK_FALSE(is_watched(container("web"), opt_in));
  CHECK_FALSE(is_watched(container("web", off), opt_in));
  CHECK(is_watched(container("db", on), opt_in));
}

TEST_CASE("the label is true or false in upper and lower case, and other values are ignored") {
  const auto web = [](const std::string& value) {
    return container("web", {{"tidegauge.enable", value}});
  };
  CHECK(is_watched(web("True"), options({}, {"*"})));
  CHECK_FALSE(is_watched(web("FALSE"), {}));
  CHECK_FALSE(monitor::invalid_enable_label(web("True")));
  CHECK_FALSE(monitor::invalid_enable_label(container("web")));
  for (const auto* odd : {"", "yes", "0", "truee"}) {
    CHECK(is_watched(web(odd), {}));
    CHECK_FALSE(is_watched(web(odd), options({}, {"*"})));
    CHECK(monitor::invalid_enable_label(web(odd)) == odd);
  }
}
