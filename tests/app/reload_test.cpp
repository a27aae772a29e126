// The program whose configuration changes while it runs.

#include "app/reload.h"

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/program.h"
#include "monitor/small_engine.h"
#include "simulated_engine/simulated_engine.h"
#include "support/catch.h"
#include "support/page.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;
using test::count;
using test::RunningDaemon;
using test::Scene;

namespace {

/// A daemon whose file is written anew, and the Engines that it may watch.
class Reloading {
 public:
  explicit Reloading(const std::string& file, test::Arguments arguments = {},
                     const std::string& address = "127.0.0.1:0") {
    write(file);
    arguments.push_back("--config=" + path());
    arguments.emplace_back("--web.listen_address=" + address);
    daemon_.emplace(std::move(arguments));
  }

  RunningDaemon& daemon() { return *daemon_; }
  test::SimulatedEngine& first() { return first_; }
  test::SimulatedEngine& second() { return second_; }
  /// `local: ADDRESS` as the entry of a file.
  [[nodiscard]] std::string entry(const std::string& name, const std::string& socket) const {
    return "  - {name: " + name + ", socket_path: " + directory_.file(socket) + "}\n";
  }
  [[nodiscard]] std::string one_engine() const { return "endpoints:\n" + entry("local", "first"); }

  /// Writes the file, sends SIGHUP and returns when the daemon has said how that ended.
  void reload(const std::string& file) {
    write(file);
    const auto before = told();
    daemon_->process().signal(SIGHUP);
    test::wait_until("the daemon has read its configuration", 20s, [&] { return told() > before; });
  }
  [[nodiscard]] double value(const std::string& series) const {
    const auto page = "\n" + daemon_->page();
    const auto at = page.find("\n" + series + " ");
    if (at == std::string::npos) return -1;
    return std::stod(page.substr(at + series.size() + 2));
  }
  [[nodiscard]] std::string log() { return daemon_->process().errors(); }
  void write(const std::string& file) const {
    auto text = file;
    constexpr std::string_view engines = "@engines\n";
    if (text.starts_with(engines)) text.replace(0, engines.size(), one_engine());
    static_cast<void>(directory_.write("config.yaml", text));
  }

 private:
  [[nodiscard]] std::string path() const { return directory_.file("config.yaml"); }
  [[nodiscard]] std::size_t told() {
    return count(log(), "the configuration is reloaded") +
           count(log(), "the configuration is not reloaded");
  }

  test::TemporaryDirectory directory_;
  test::SimulatedEngine first_{{.socket_path = directory_.file("first")}};
  test::SimulatedEngine second_{{.socket_path = directory_.file("second")}};
  std::optional<RunningDaemon> daemon_;
};

constexpr std::string_view successful = "tidegauge_config_last_reload_successful";

}  // namespace

TEST_CASE("SIGHUP applies another interval, and samples go on without a gap") {
  Reloading scene("@engines\ncontainer_monitor: {interval: 1h}\n");
  scene.daemon().wait_for_page("name=\"web-1\"");
  const auto samples = [&] { return scene.first().calls(test::EngineCall::stats); };
  const auto before = samples();
  scene.reload("@engines\ncontainer_monitor: {interval: 1s}\n");
  CHECK_THAT(scene.log(), contains("changed=container_monitor.interval"));
  test::wait_until("every container is sampled twice more", 20s,
                   [&] { return samples() >= before + 12; });
  CHECK(scene.value(std::string(successful)) == 1);
  CHECK(scene.daemon().get("/-/ready").status == 200);
}

TEST_CASE("POST /-/reload does the same and tells the outcome, where the configuration allows it") {
  Reloading scene("@engines\n");
  const auto reload = [&](const std::string& file) {
    scene.write(file);
    test::RawClient client(scene.daemon().port());
    client.ask("POST", "/-/reload");
    return client.read_reply().status;
  };
  CHECK(reload("@engines\nweb: {enable_lifecycle: true}\n") == 403);
  scene.reload("@engines\nweb: {enable_lifecycle: true}\n");
  CHECK(reload("@engines\nweb: {enable_lifecycle: true}\nmetrics: {process: false}\n") == 200);
  CHECK_THAT(scene.daemon().page(), !contains("\nprocess_"));
  CHECK(reload("@engines\nweb: {enable_lifecycle: perhaps}\n") == 500);
  CHECK(scene.value(std::string(successful)) == 0);
  CHECK(reload("@engines\n") == 200);
  CHECK(reload("@engines\n") == 403);
  CHECK(scene.daemon().get("/-/reload").status == 405);
}

TEST_CASE(
    "a token that is set while the daemon runs takes effect, and one that cannot be read changes "
    "nothing") {
  Reloading scene("@engines\n");
  scene.reload("@engines\nweb: {bearer_token_file: /nonexistent}\n");
  CHECK_THAT(scene.log(), contains("/nonexistent: cannot be read"));
  CHECK(scene.daemon().get("/metrics").status == 200);
  const test::TemporaryDirectory directory;
  const auto token = directory.write("token", "secret\n");
  scene.reload("@engines\nweb: {bearer_token_file: " + token + "}\n");
  CHECK(scene.daemon().get("/metrics").status == 401);
  scene.reload("@engines\n");
  CHECK(scene.daemon().get("/metrics").status == 200);
}

TEST_CASE("logs that other machines could read are refused, at the start and later") {
  const auto start = test::run({"--web.listen_address=:0", "--web.show_processes=true"});
  CHECK(start.status == 2);
  CHECK_THAT(start.errors, contains("web.show_processes: ") && contains("web.bearer_token_file"));
  Reloading scene("@engines\n", {}, "0.0.0.0:0");
  scene.reload("@engines\nweb: {show_logs: true}\n");
  CHECK_THAT(scene.log(), contains("not reloaded") && contains("web.show_logs: "));
  CHECK(scene.daemon().get("/metrics").status == 200);
}

TEST_CASE("users that vanish from their file do not open the logs to everybody") {
  const test::TemporaryDirectory directory;
  const std::string users =
      "basic_auth_users: {me: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi}\n";
  const auto file = directory.write("web.yml", users);
  Reloading scene("@engines\nweb: {show_logs: true, config_file: " + file + "}\n", {}, "0.0.0.0:0");
  CHECK(scene.daemon().get("/metrics").status == 401);
  static_cast<void>(directory.write("web.yml", "# nobody is asked who it is\n"));
  scene.daemon().process().wait_for_errors("the protection of the web server stays as it was");
  CHECK_THAT(scene.log(), contains("web.show_logs: "));
  CHECK(scene.daemon().get("/metrics").status == 401);
  scene.reload("@engines\nweb: {config_file: " + file + "}\n");
  CHECK(scene.daemon().get("/metrics").status == 200);
}

TEST_CASE("SIGHUP applies labels, filters, groups and the log, and the next page shows them") {
  Reloading scene("@engines\n");
  scene.daemon().wait_for_page("name=\"web-1\"");
  REQUIRE_THAT(scene.daemon().page(), contains("container_label_com_docker_compose_project"));
  scene.reload(
      "@engines\ncontainer_monitor: {exclude: [web-*], labels: []}\n"
      "metrics: {process: false, disable: [pool]}\nlog: {format: json}\n");
  const auto page = scene.daemon().page();
  CHECK_THAT(page, !contains("web-1") && contains("name=\"db-1\""));
  CHECK_THAT(page, !contains("container_label_com_docker_compose_project"));
  CHECK_THAT(page, !contains("\nprocess_") && !contains("\ntidegauge_pool_"));
  CHECK_THAT(scene.log(), contains("\"msg\":\"the configuration is reloaded\""));
  scene.reload("@engines\nlog: {level: debug}\n");
  scene.daemon().wait_for_page("name=\"web-1\"");
  CHECK_THAT(scene.daemon().page(), contains("container_label_com_docker_compose_project"));
  CHECK_THAT(scene.daemon().page(), contains("\nprocess_"));
}

TEST_CASE("a file with mistakes changes nothing, and all of them are logged") {
  Reloading scene("@engines\ncontainer_monitor: {interval: 1s}\n");
  scene.daemon().wait_for_page("name=\"web-1\"");
  const auto since = scene.value("tidegauge_config_last_reload_success_timestamp_seconds");
  scene.reload(
      "@engines\ncontainer_monitor: {interval: soon, exclude: [web-*]}\npool: {max_connections: "
      "0}\n");
  CHECK_THAT(scene.log(), contains("the configuration is not reloaded") &&
                              contains("container_monitor.interval") &&
                              contains("pool.max_connections"));
  CHECK(scene.value(std::string(successful)) == 0);
  CHECK(scene.value("tidegauge_config_last_reload_success_timestamp_seconds") == since);
  CHECK_THAT(scene.daemon().page(), contains("name=\"web-1\""));
  scene.reload("@engines\ncontainer_monitor: {interval: 1s}\n");
  CHECK(scene.value(std::string(successful)) == 1);
}

TEST_CASE("a change that needs a restart is refused by name, and nothing else is applied") {
  Reloading scene("@engines\n");
  scene.daemon().wait_for_page("name=\"web-1\"");
  scene.reload(
      "@engines\npath: {procfs: /elsewhere, sysfs: /elsewhere}\n"
      "container_monitor: {exclude: [web-*]}\n");
  CHECK_THAT(scene.log(), contains("path.procfs needs a restart; path.sysfs needs a restart"));
  CHECK(scene.value(std::string(successful)) == 0);
  CHECK_THAT(scene.daemon().page(), contains("name=\"web-1\""));
}

TEST_CASE("Engines come and go with the configuration, at the same port") {
  Reloading scene("@engines\n");
  scene.daemon().wait_for_page("name=\"web-1\"");
  const auto both = "endpoints:\n" + scene.entry("local", "first") + scene.entry("build", "second");
  scene.reload(both);
  scene.daemon().wait_for_page("tidegauge_engine_up{endpoint=\"build\"} 1\n");
  CHECK_THAT(scene.daemon().page(), contains("tidegauge_engine_up{endpoint=\"local\"} 1\n"));
  CHECK_THAT(scene.daemon().page(), contains("endpoint=\"build\",id=\"/docker/"));
  scene.reload("endpoints:\n" + scene.entry("build", "second"));
  const auto page = scene.daemon().page();
  CHECK_THAT(page, !contains("\"local\"") && contains("\ntidegauge_engine_up 1\n"));
  scene.reload("endpoints:\n" + scene.entry("build", "first"));  // another address
  test::wait_until("the first Engine is watched again", 20s,
                   [&] { return scene.daemon().get("/-/ready").status == 200; });
  CHECK_THAT(scene.daemon().page(), contains("\ntidegauge_engine_up 1\n"));
  scene.daemon().process().signal(SIGTERM);
  CHECK(scene.daemon().process().wait() == 0);
}

TEST_CASE("an Engine may leave the configuration while somebody reads a log from it") {
  const std::string id(64, 'a');
  test::SmallEngine other({id}, [](const test::Request& request, test::Exchange& exchange) {
    const bool is_log = test::SmallEngine::call_of(request).ends_with("/logs");
    if (is_log) exchange.hang();
    return is_log;
  });
  const std::string first = "web: {show_logs: true}\nendpoints:\n";
  const auto other_entry = "  - {name: other, socket_path: " + other.socket_path() + "}\n";
  Reloading scene(first + other_entry);
  const auto find_container = [&] {
    return scene.daemon().get("/api/v1/containers/other/" + id).status == 200;
  };
  test::wait_until("the container is watched", 20s, find_container);
  test::RawClient client(scene.daemon().port());
  client.send("GET /api/v1/logs/other/" + id + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  test::wait_until("the Engine is asked for the log", 20s,
                   [&] { return other.calls("/containers/" + id + "/logs") > 0; });
  scene.reload(first + scene.entry("local", "first"));
  CHECK(client.read_reply().status == 502);
  CHECK(scene.daemon().get("/-/healthy").status == 200);
}

TEST_CASE("containers of one name on two Engines end each for itself") {
  Reloading scene("@engines\n");
  scene.reload("endpoints:\n" + scene.entry("local", "first") + scene.entry("build", "second"));
  scene.daemon().wait_for_page("container_exits_total{endpoint=\"local\",name=\"web-1\"");
  scene.daemon().wait_for_page("container_exits_total{endpoint=\"build\",name=\"web-1\"");
  scene.first().host().exit("web-1", 3);
  scene.second().host().stop("web-1");
  scene.daemon().wait_for_page("container_last_run_duration_seconds{endpoint=\"local\"");
  scene.daemon().wait_for_page("container_last_run_duration_seconds{endpoint=\"build\"");
  const test::Page page(scene.daemon().page());  // a series that is there twice throws
  const auto web = [](const std::string& endpoint) {
    return test::Labels{{"endpoint", endpoint}, {"name", "web-1"}};
  };
  const auto exits = [&](const std::string& endpoint, const std::string& cause) {
    auto labels = web(endpoint);
    labels["cause"] = cause;
    return page.value("container_exits_total", labels);
  };
  CHECK(exits("local", "error") == 1);
  CHECK(exits("local", "stopped") == 0);
  CHECK(exits("build", "error") == 0);
  CHECK(exits("build", "stopped") == 1);
  CHECK(page.labels("container_last_exit_info", web("local"))["cause"] == "error");
  CHECK(page.labels("container_last_exit_info", web("build"))["cause"] == "stopped");
  for (const auto* const endpoint : {"local", "build"}) {
    CHECK(page.value("container_finished_runs_total", web(endpoint)) == 1);
    CHECK(page.value("container_finished_runs_duration_seconds_total", web(endpoint)));
    CHECK(page.value("container_finished_runs_cpu_seconds_total", web(endpoint)));
    CHECK(page.value("container_last_run_duration_seconds", web(endpoint)));
  }
}

TEST_CASE("the counters of pools, calls and cycles go on over a reload") {
  Reloading scene("@engines\ncontainer_monitor: {interval: 1s}\n");
  scene.daemon().wait_for_page("name=\"web-1\"");
  const std::string opened = "tidegauge_pool_connections_created_total{endpoint=\"local\"}";
  const auto lists = [&] { return scene.first().calls(test::EngineCall::list); };
  const auto lists_before = lists();
  const auto opened_before = scene.value(opened);
  REQUIRE(opened_before >= 1);
  scene.reload(
      "@engines\ncontainer_monitor: {interval: 2s}\n"
      "pool: {call_timeout: 9s}\n");
  CHECK(scene.value(opened) >= opened_before);
  CHECK(lists() == lists_before);  // the stream of events goes on
  CHECK(scene.daemon().get("/-/ready").status == 200);
}

TEST_CASE("a storm of SIGHUP ends with the last configuration, and SIGTERM comes first") {
  Reloading scene("@engines\n");
  scene.daemon().wait_for_page("name=\"web-1\"");
  for (int i = 0; i < 100; ++i) scene.daemon().process().signal(SIGHUP);
  scene.reload("@engines\ncontainer_monitor: {exclude: [web-*]}\n");
  test::wait_until("the last file is in effect", 20s,
                   [&] { return !scene.daemon().page().contains("web-1"); });
  for (int i = 0; i < 10; ++i) scene.daemon().process().signal(SIGHUP);
  scene.daemon().process().signal(SIGTERM);
  for (int i = 0; i < 10; ++i) scene.daemon().process().signal(SIGHUP);
  CHECK(scene.daemon().process().wait() == 0);
}

TEST_CASE("a file that was there must be there again") {
  Reloading scene("@engines\n");
  scene.daemon().wait_for_page("name=\"web-1\"");
  const auto arguments = scene.log();
  scene.reload("");  // no Engine is named: the default address
  CHECK_THAT(scene.log(), contains("changed=endpoints"));
}
