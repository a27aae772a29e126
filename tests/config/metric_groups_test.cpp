#include "tidegauge/config/metric_groups.h"

#include <set>
#include <string_view>

#include "config/loading.h"
#include "support/catch.h"
#include "tidegauge/config/config.h"

using namespace tidegauge;
using namespace tidegauge::config;
using test::contains;
using test::loaded;
using test::mistakes_in;

TEST_CASE("each metric group has one name") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < metric_group_names.size(); ++i) {
    CHECK(metric_group_names.at(i).group == static_cast<MetricGroup>(i));
    CHECK(names.insert(metric_group_names.at(i).name).second);
  }
}

TEST_CASE("no optional group is collected by default") {
  CHECK(collected_groups(MetricsConfig{}) == OptionalGroups{});
}

TEST_CASE("metrics.enable collects the optional groups that it names") {
  const auto metrics =
      loaded("metrics:\n  enable: [per_cpu, processes, connections, tcp_statistics, huge_pages]\n")
          .config.metrics;
  CHECK(collected_groups(metrics) == OptionalGroups{.per_cpu = true,
                                                    .processes = true,
                                                    .connections = true,
                                                    .tcp_statistics = true,
                                                    .huge_pages = true});
  CHECK(collected_groups(loaded("metrics:\n  enable: [processes]\n").config.metrics) ==
        OptionalGroups{.processes = true});
}

TEST_CASE("CPU time by CPU is not collected if the group that shows it is disabled") {
  const auto metrics = loaded("metrics:\n  enable: [per_cpu]\n  disable: [cpu]\n").config.metrics;
  CHECK(collected_groups(metrics) == OptionalGroups{});
}

TEST_CASE("a group that is not optional cannot be enabled") {
  CHECK(mistakes_in("metrics:\n  enable: [cpu]\n") ==
        "config.yaml:2: metrics.enable: \"cpu\" is none of the choices; allowed: any number of "
        "per_cpu, processes, connections, tcp_statistics, huge_pages\n");
}

TEST_CASE("a group that is enabled and disabled is a mistake that names both places") {
  CHECK(mistakes_in("metrics:\n  disable: [processes]\n  enable: [huge_pages, processes]\n") ==
        "config.yaml:3: processes is in metrics.enable (huge_pages, processes, config.yaml:3) and "
        "in metrics.disable (processes, config.yaml:2); keep one of them\n");
  CHECK_THAT(mistakes_in("metrics:\n  disable: [pool, processes]\n",
                         {{"TIDEGAUGE_METRICS_ENABLE=processes"}, {}}),
             contains("TIDEGAUGE_METRICS_ENABLE: processes is in metrics.enable (processes, "
                      "TIDEGAUGE_METRICS_ENABLE) and in metrics.disable"));
}

TEST_CASE("the name of an optional group used as an option suggests metrics.enable") {
  CHECK_THAT(mistakes_in("container_monitor:\n  per_cpu: true\n"),
             contains("config.yaml:2: \"per_cpu\" is no option of container_monitor; did you mean "
                      "metrics.enable: [per_cpu]?"));
  CHECK_THAT(mistakes_in("", {{}, {{"container_monitor.huge_pages", "true"}}}),
             contains("--container_monitor.huge_pages: is no option; did you mean "
                      "--metrics.enable=huge_pages?"));
  CHECK_THAT(mistakes_in("", {{"TIDEGAUGE_CONTAINER_MONITOR_PROCESSES=true"}, {}}),
             contains("TIDEGAUGE_CONTAINER_MONITOR_PROCESSES: is the variable of no option; did "
                      "you mean TIDEGAUGE_METRICS_ENABLE=processes?"));
}
