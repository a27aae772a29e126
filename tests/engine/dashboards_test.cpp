// What was made for cAdvisor goes on working: the queries of its dashboards and alerts
// (tests/data/dashboard_queries.txt) find data in a Prometheus that scrapes the daemon, and so do
// the alerts of config/prometheus.

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/child_process.h"
#include "support/daemon_process.h"
#include "support/engine_states.h"
#include "support/eventually.h"
#include "support/prometheus_server.h"
#include "support/real_engine.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::DaemonProcess;
using test::PrometheusServer;
using test::RealEngine;

namespace {

constexpr auto alerts_file = TIDEGAUGE_SOURCE_DIR "/config/prometheus/alerts.yaml";

/// What docker-compose says of its containers, and the container of which dockprom's alerts tell.
constexpr auto jenkins = R"({
  "Cmd": ["sh", "-c", "while true; do ping -c 1 172.29.0.1; sleep 1; done"],
  "Labels": {"com.docker.compose.project": "build", "com.docker.compose.service": "jenkins",
             "com.docker.compose.project.working_dir": "/srv/build"},
  "HostConfig": {"Memory": 67108864}
})";

/// One of dockprom's own services.
constexpr auto monitoring = R"({
  "Cmd": ["sleep", "inf"],
  "Labels": {"org.label-schema.group": "monitoring",
             "tidegauge.labels": "org.label-schema.group"},
  "HostConfig": {"Memory": 67108864}
})";

/// The shell survives what the kernel kills, so that the container goes on.
constexpr auto hungry = R"({
  "Cmd": ["sh", "-c", "tail /dev/zero; sleep inf"],
  "HostConfig": {"Memory": 16777216, "MemorySwap": 16777216}
})";

constexpr auto failed = R"({"Cmd": ["false"], "HostConfig": {"Memory": 67108864}})";

/// All with a memory limit: without one, dashboards divide by zero.
void run_containers(const RealEngine& engine) {
  test::run_web(engine);
  for (const auto& [name, spec] : {std::pair{"jenkins", jenkins},
                                   {"grafana", monitoring},
                                   {"hungry", hungry},
                                   {"failed", failed}}) {
    static_cast<void>(engine.run(name, spec));
  }
}

struct Query {
  std::string origin;
  std::string expression;
};

/// The file's lines but for comments, each with the comment above it.
std::vector<Query> read_queries() {
  std::istringstream file(test::read_file(TIDEGAUGE_TEST_DATA "/dashboard_queries.txt"));
  std::vector<Query> queries;
  std::string origin;
  bool comment_goes_on = false;
  for (std::string line; std::getline(file, line);) {
    const bool comment = line.starts_with("# ");
    if (comment && !comment_goes_on) origin.clear();
    if (comment) origin.append(line, origin.empty() ? 2 : 1);
    comment_goes_on = comment;
    if (!line.empty() && !line.starts_with('#')) queries.push_back({origin, line});
  }
  return queries;
}

bool finds_data(const PrometheusServer& prometheus, const std::string& expression) {
  const auto values = prometheus.query(expression);
  return !values.empty() &&
         std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

/// Those of `queries` that still find nothing when all have had their time. A rate needs two
/// samples, a counter of events an event, and what is compared with a minute ago that minute.
std::vector<Query> without_data(const PrometheusServer& prometheus, std::vector<Query> queries) {
  const auto all_find_data = [&] {
    std::erase_if(queries,
                  [&](const Query& query) { return finds_data(prometheus, query.expression); });
    return queries.empty();
  };
  std::ignore = test::eventually(all_find_data, 120s);
  return queries;
}

/// The metrics of the daemon's that an expression asks for.
std::set<std::string> metrics_in(std::string_view expression) {
  const auto in_name = [](char character) {
    return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_';
  };
  std::set<std::string> metrics;
  while (!expression.empty()) {
    const auto end = std::ranges::find_if_not(expression, in_name);
    const std::string word(expression.begin(), end);
    if (word.starts_with("container_") || word.starts_with("tidegauge_")) metrics.insert(word);
    expression.remove_prefix(std::max<std::size_t>(word.size(), 1));
  }
  return metrics;
}

std::vector<PrometheusServer::Alert> evaluated_alerts(const PrometheusServer& prometheus) {
  std::vector<PrometheusServer::Alert> alerts;
  test::wait_until("all alerts are evaluated", 30s, [&] {
    alerts = prometheus.alerts();
    return std::ranges::none_of(alerts,
                                [](const auto& alert) { return alert.health == "unknown"; });
  });
  return alerts;
}

void check_queries(const PrometheusServer& prometheus, const std::vector<Query>& queries) {
  for (const auto& query : without_data(prometheus, queries)) {
    FAIL_CHECK(query.origin << ": no data, or not finite: " << query.expression);
  }
}

void check_alerts(const PrometheusServer& prometheus) {
  const auto alerts = evaluated_alerts(prometheus);
  CHECK_FALSE(alerts.empty());
  std::vector<Query> metrics;
  for (const auto& alert : alerts) {
    INFO(alert.name << ": " << alert.expression);
    CHECK(alert.health == "ok");
    CHECK(alert.error.empty());
    for (const auto& metric : metrics_in(alert.expression)) metrics.push_back({alert.name, metric});
  }
  check_queries(prometheus, metrics);
}

}  // namespace

TEST_CASE("the queries of cAdvisor's dashboards and alerts find data in a real Prometheus") {
  const auto queries = read_queries();
  REQUIRE(queries.size() > 50);
  const RealEngine engine;
  // First, as it counts events from its start on.
  const DaemonProcess daemon(
      {.arguments = {"--pool.socket_path=" + engine.address(), "--container_monitor.interval=1s",
                     "--container_monitor.filesystem_interval=10s"}});
  run_containers(engine);
  const PrometheusServer prometheus(daemon.port(), alerts_file);

  check_queries(prometheus, queries);
  check_alerts(prometheus);
}

TEST_CASE("promtool finds nothing wrong with the example alerts") {
  test::ChildProcess promtool(test::command_in_path({"promtool", "check", "rules", alerts_file}),
                              test::path_variable());
  const auto status = promtool.wait();
  INFO(promtool.output() << promtool.errors());
  CHECK(status == 0);
}
