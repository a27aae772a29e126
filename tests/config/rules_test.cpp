#include "config/rules.h"

#include <map>

#include "config/loading.h"
#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::config;
using test::contains;
using test::file_of;
using test::loaded;
using test::mistakes_in;

TEST_CASE("the defaults keep every rule") {
  for (const auto& rule : rules()) {
    INFO(rule.lesser << " " << rule.relation << " " << rule.greater);
    CHECK(rule.holds(Config{}));
    CHECK(find_option(rule.lesser) != nullptr);
    CHECK(find_option(rule.greater) != nullptr);
  }
}

TEST_CASE("every rule refuses what breaks it by one, and allows its edge") {
  struct Edge {
    std::string broken;   // by this value of the lesser option
    std::string greater;  // beside this one of the greater
    std::string kept;     // and kept by this
  };
  const std::map<std::string, Edge> edges{
      {"pool.min_connections", {"17", "16", "16"}},
      {"container_monitor.max_in_flight", {"17", "16", "16"}},
      {"container_monitor.interval", {"20s1ms", "20s", "20s"}},
      {"container_monitor.peak_interval", {"5s1ms", "5s", "5s"}},
      {"pool.probe_timeout", {"3s", "3s", "2999ms"}},
      {"pool.connect_timeout", {"1s1ms", "1s", "1s"}},
  };
  for (const auto& rule : rules()) {
    const auto& edge = edges.at(std::string(rule.lesser));
    const std::string lesser(rule.lesser);
    const std::string greater(rule.greater);
    INFO(rule.lesser << " " << rule.relation << " " << rule.greater);
    CHECK_THAT(
        mistakes_in(file_of({{lesser, edge.broken}, {greater, edge.greater}})),
        contains(" must be " + std::string(rule.relation) + " " + greater + " (" + edge.greater));
    CHECK(rule.holds(loaded(file_of({{lesser, edge.kept}, {greater, edge.greater}})).config));
  }
}

TEST_CASE("a broken rule stands with the line that was set, and names both values and the remedy") {
  CHECK(mistakes_in("log:\npool:\n  min_connections: 20\n") ==
        "config.yaml:3: pool.min_connections (20, config.yaml:3) must be at most "
        "pool.max_connections (16, default): no more can be open; lower pool.min_connections or "
        "raise pool.max_connections\n");
}

TEST_CASE("a broken rule between two lines of the file stands with the later") {
  CHECK_THAT(mistakes_in("pool:\n  probe_timeout: 5s\n  health_check_interval: 5s\n"),
             contains("config.yaml:3: pool.probe_timeout (5s, config.yaml:2) must be less than "
                      "pool.health_check_interval (5s, config.yaml:3)"));
}

TEST_CASE("a broken rule stands with the strongest source that has a part in it") {
  CHECK_THAT(mistakes_in("pool:\n  min_connections: 12\n", {{"TIDEGAUGE_POOL_POOL_SIZE=8"}, {}}),
             contains("TIDEGAUGE_POOL_POOL_SIZE: pool.min_connections (12, config.yaml:2) must be "
                      "at most pool.max_connections (8, TIDEGAUGE_POOL_POOL_SIZE)"));
  CHECK_THAT(mistakes_in("", {{}, {{"pool.min_connections", "20"}}}),
             contains("--pool.min_connections: pool.min_connections (20, "));
}

TEST_CASE("a value that could not be read breaks no rule as well") {
  CHECK(mistakes_in("pool:\n  max_connections: many\n  min_connections: 20\n") ==
        "config.yaml:2: pool.max_connections: \"many\" is not a whole number; allowed: 1 to 256\n");
}

TEST_CASE("without a greatest age what is shown is as old as three intervals, and ten seconds") {
  CHECK(greatest_age({.interval = 10s}) == 30s);
  CHECK(greatest_age({.interval = 1s}) == 10s);
  CHECK(greatest_age({.interval = 1s, .max_age = 2s}) == 2s);
}
