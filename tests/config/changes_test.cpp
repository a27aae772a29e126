#include "tidegauge/config/changes.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "config/options.h"
#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using config::AppliedBy;
using config::Change;
using config::Config;

TEST_CASE("every option has a row that says what applies a change, and nothing else has") {
  std::multiset<std::string_view> options;
  for (const auto& option : config::options()) options.insert(option.path);
  const auto rows = config::paths_with_rows();
  CHECK(std::multiset<std::string_view>(rows.begin(), rows.end()) == options);
}

TEST_CASE("changes are told by name, with what applies them") {
  const Config before;
  CHECK(config::changes(before, before).empty());
  auto after = before;
  after.container_monitor.interval = 1s;
  after.container_monitor.labels = {"a"};
  after.pool.max_connections = 3;
  after.metrics.process = false;
  after.path.procfs = "/host/proc";
  after.log.level = LogLevel::debug;
  after.endpoints.push_back({.name = "second"});
  using Changes = std::vector<Change>;
  CHECK(config::changes(before, after) ==
        Changes{{"container_monitor.interval", AppliedBy::monitors},
                {"container_monitor.labels", AppliedBy::page},
                {"pool.max_connections", AppliedBy::restart},
                {"metrics.process", AppliedBy::page},
                {"path.procfs", AppliedBy::restart},
                {"log.level", AppliedBy::log},
                {"endpoints", AppliedBy::endpoints}});
}

TEST_CASE("the short form of the one Engine is told as a change of the Engines") {
  const Config before;
  auto after = before;
  after.endpoints.front().tls.verify = !after.endpoints.front().tls.verify;
  const auto changes = config::changes(before, after);
  REQUIRE(changes.size() == 1);
  CHECK(changes.front() == Change{"endpoints", AppliedBy::endpoints});
}

TEST_CASE("an option that nobody has classed needs a restart") {
  CHECK(config::applied_by("web.option_of_tomorrow") == AppliedBy::restart);
}
