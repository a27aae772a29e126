// The page of one cycle: who the containers are, and how they are.

#include "support/page.h"

#include <rapidjson/document.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/engine_json.h"
#include "support/engine_states.h"
#include "support/real_engine.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::Approx;
using test::json_of;
using test::Labels;
using test::Page;
using test::RealEngine;

namespace {

/// The labels of `labelled` that are to be shown.
constexpr auto config_with_labels = R"(container_monitor:
  labels: [com.docker.compose.project, "not.in the/list"]
)";

rapidjson::Document inspect(const RealEngine& engine, const std::string& container) {
  return json_of(engine, "/containers/" + container + "/json");
}

/// "2026-11-24T10:59:30.123456789Z"
double unix_seconds(const std::string& timestamp) {
  std::tm time{};
  const auto* const fraction = ::strptime(timestamp.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (fraction == nullptr) throw std::runtime_error("not a time: " + timestamp);
  return static_cast<double>(::timegm(&time)) + std::strtod(fraction, nullptr);
}

test::OneCycle run_cycle(const RealEngine& engine, const std::string& config) {
  auto cycle =
      test::run_once({.config = config, .arguments = {"--pool.socket_path=" + engine.address()}});
  INFO(cycle.log);
  REQUIRE(cycle.status == 0);
  return cycle;
}

/// The page of a cycle in which `restarting` did not change.
std::string page_while_restarting(const RealEngine& engine, const std::string& config) {
  std::string page;
  test::wait_until("a cycle falls between two restarts", 90s, [&] {
    const auto before = inspect(engine, "restarting");
    page = run_cycle(engine, config).page;
    const auto after = inspect(engine, "restarting");
    return before["State"]["Status"] == "restarting" && after["State"]["Status"] == "restarting" &&
           before["RestartCount"] == after["RestartCount"];
  });
  return page;
}

struct Expected {
  std::string_view state;
  std::string_view health;  ///< empty: it does not run, so there is none
  std::optional<double> exit_code;
};

const std::map<std::string, Expected> expected_states{
    {"web", {"running", "none", {}}},        {"paused", {"paused", "none", {}}},
    {"exited3", {"exited", "", 3}},          {"oomkilled", {"exited", "", 137}},
    {"restarting", {"restarting", "", 1}},   {"created", {"created", "", {}}},
    {"healthy", {"running", "healthy", {}}}, {"unhealthy", {"running", "unhealthy", {}}},
    {"labelled", {"running", "none", {}}},   {"nonet", {"running", "none", {}}}};

/// The value of `label` on the one series of `metric` that is 1.
std::string which(const Page& page, const std::string& metric, const std::string& label,
                  const Labels& of) {
  std::string found;
  for (const auto& value : page.values_of(label, metric)) {
    auto labels = of;
    labels[label] = value;
    if (page.value(metric, labels) == 1) found += (found.empty() ? "" : ", ") + value;
  }
  return found;
}

void check_resources_of(const Page& page, const std::string& name, const Labels& of,
                        std::string_view state) {
  const bool sampled = state == "running" || state == "paused";
  for (const auto* group : {"container_cpu_", "container_memory_", "container_pids",
                            "container_start_time_seconds", "container_spec_"}) {
    INFO(group);
    CHECK((page.count(group, of) > 0) == sampled);
  }
  CHECK((page.count("container_network_", of) > 0) == (sampled && name != "nonet"));
  if (!sampled) CHECK(page.count("container_fs_", of) == 0);
}

void check_states(const Page& page, const RealEngine& engine,
                  const std::map<std::string, std::string>& ids) {
  CHECK(page.values_of("name", "container_last_seen").size() == ids.size() - 1);  // not `created`
  CHECK(page.values_of("id", "container_state").size() == ids.size());
  for (const auto& [name, id] : ids) {
    INFO(name);
    const auto& expected = expected_states.at(name);
    const Labels of{{"id", RealEngine::cgroup_of(id)}, {"name", name}, {"image", "tidegauge-test"}};
    CHECK(which(page, "container_state", "state", of) == expected.state);
    CHECK(which(page, "container_health_status", "status", of) == expected.health);
    CHECK(page.value("container_exit_code", of) == expected.exit_code);
    CHECK(page.value("container_restartcount", of) ==
          inspect(engine, name)["RestartCount"].GetDouble());
    CHECK(page.value("container_collect_errors_total", of) == 0);
    check_resources_of(page, name, of, expected.state);
    if (const auto start = page.value("container_start_time_seconds", of)) {
      const std::string said = inspect(engine, name)["State"]["StartedAt"].GetString();
      CHECK(*start == Approx(unix_seconds(said)).epsilon(0).margin(1e-5));
    }
  }
}

void check_engine(const Page& page, const RealEngine& engine) {
  const auto version = json_of(engine, "/version");
  const auto info = json_of(engine, "/info");
  CHECK(page.value("tidegauge_engine_up") == 1);
  CHECK(page.value("tidegauge_engine_info", {{"version", version["Version"].GetString()},
                                             {"api_version", version["ApiVersion"].GetString()},
                                             {"host", info["Name"].GetString()}}) == 1);
  CHECK(page.value("tidegauge_engine_cpus") == info["NCPU"].GetDouble());
  CHECK(page.value("tidegauge_engine_memory_bytes") == info["MemTotal"].GetDouble());
  for (const auto& [state, count] : std::map<std::string, double>{
           {"running", 5}, {"paused", 1}, {"exited", 2}, {"restarting", 1}, {"created", 1}}) {
    INFO(state);
    CHECK(page.value("tidegauge_engine_containers", {{"state", state}}) == count);
  }
}

void check_labels(const Page& page) {
  const auto labels = page.labels("container_last_seen", {{"name", "labelled"}});
  CHECK(labels.size() == 5);  // and id, name, image
  CHECK(labels.at("container_label_com_docker_compose_project") == test::awkward_label);
  CHECK(labels.at("container_label_not_in_the_list") == "\"\\\n");
  CHECK(page.labels("container_last_seen", {{"name", "web"}}).size() == 4);  // only its project
}

int promtool(const std::string& page) {
  return std::system((TIDEGAUGE_SOURCE_DIR "/tests/metrics/promtool_test.sh " + page).c_str());
}

}  // namespace

TEST_CASE("containers in every state are on the page as they are") {
  const RealEngine engine;
  const test::TemporaryDirectory directory;
  const auto ids = test::create_states(engine);
  const auto text =
      page_while_restarting(engine, directory.write("config.yaml", config_with_labels));
  const Page page(text);

  check_states(page, engine, ids);
  check_engine(page, engine);
  check_labels(page);
  CHECK(promtool(directory.write("page", text)) == 0);
}
