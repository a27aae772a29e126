// The program as its users run it: a process with arguments, an environment, signals and an exit
// status, beside a simulated Engine.

#include "app/program.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulated_engine/simulated_engine.h"
#include "support/catch.h"
#include "support/child_process.h"
#include "support/http_server.h"
#include "support/raw_client.h"
#include "support/stopped_thread.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::Arguments;
using test::contains;
using test::count;
using test::run;
using test::RunningDaemon;
using test::Scene;

// --- actions that end by themselves --------------------------------------------------------------

TEST_CASE("--version and --help are answered on standard output") {
  const auto version = run({"--version"});
  CHECK(version.status == 0);
  CHECK_THAT(version.output, contains("tidegauge 0."));
  CHECK(version.errors.empty());
  const auto help = run({"--help"});
  CHECK(help.status == 0);
  CHECK_THAT(help.output, contains("--check-config"));
  CHECK(help.errors.empty());
}

TEST_CASE("an option that there is not is one line on standard error and status 2") {
  const auto result = run({"--frobnicate"});
  CHECK(result.status == 2);
  CHECK(result.output.empty());
  CHECK(result.errors == "tidegauge: --frobnicate: is not an option; see tidegauge --help\n");
}

TEST_CASE("--check-config says that a good configuration is valid") {
  const Scene scene;
  const auto file = scene.write_config("container_monitor:\n  interval: 5s\n");
  const auto result = run({"--config", file, "--check-config"});
  CHECK(result.status == 0);
  CHECK(result.output == "the configuration is valid\n");
  CHECK(result.errors.empty());
}

TEST_CASE("--check-config tells every mistake of a bad configuration at once, with status 2") {
  const Scene scene;
  const auto file = scene.write_config(
      "pool:\n  max_connections: 0\n  max_conections: 8\ncontainer_monitor:\n  interval: soon\n");
  const auto result =
      run({"--config", file, "--check-config", "--log.level=loud"}, {"TIDEGAUGE_WEB_PORT=1"});
  CHECK(result.status == 2);
  CHECK(result.output.empty());
  CHECK_THAT(result.errors, contains(file + ":2: pool.max_connections"));
  CHECK_THAT(result.errors, contains(file + ":3: \"max_conections\""));
  CHECK_THAT(result.errors, contains(file + ":5: container_monitor.interval"));
  CHECK_THAT(result.errors, contains("log.level") && contains("loud"));
  CHECK_THAT(result.errors, contains("TIDEGAUGE_WEB_PORT"));
  CHECK(std::ranges::count(result.errors, '\n') == 5);
}

TEST_CASE("a mistake in a file that protects the page is one in the configuration") {
  const test::TemporaryDirectory directory;
  const auto users = directory.write("web.yml", "basic_auth_users: {alice: secret}\n");
  const auto key = directory.write("tls.yml", "tls_server_config: {cert: none, key: none}\n");
  for (const auto& file : {users, key}) {
    for (const auto* action : {"--check-config", "--web.listen_address=127.0.0.1:0"}) {
      const auto result = run({"--web.config_file=" + file, action});
      CHECK(result.status == 2);
      CHECK_FALSE(result.errors.empty());
    }
  }
}

TEST_CASE("a bad configuration is refused by every action") {
  for (const auto* action : {"--once", "--healthcheck", "--print-config"}) {
    CHECK(run({action, "--log.level=loud"}).status == 2);
  }
  CHECK(run({"--log.level=loud"}).status == 2);
  CHECK(run({"--config", "/nonexistent/config.yaml"}).status == 2);
}

TEST_CASE("--print-config prints a file that says the same again") {
  const Scene scene;
  const auto first = run(scene.with({"--print-config", "--pool.max_connections=5"}),
                         {"TIDEGAUGE_CONTAINER_MONITOR_INTERVAL=7s"});
  CHECK(first.status == 0);
  CHECK_THAT(first.output, contains("max_connections: 5") && contains("interval: 7s"));
  const auto second = run({"--config", scene.write_config(first.output), "--print-config"});
  CHECK(second.status == 0);
  // But for the first line, which tells who said where the Engine is.
  const auto values = [](const std::string& text) { return text.substr(text.find('\n')); };
  CHECK_THAT(first.output, contains("# --pool.socket_path\n"));
  CHECK(values(second.output) == values(first.output));
}

TEST_CASE("--once prints the page of one cycle and serves nothing") {
  Scene scene;
  const auto result = run(scene.with({"--once"}));
  CHECK(result.status == 0);
  CHECK_THAT(result.output, contains("tidegauge_engine_up{endpoint=\"local\"} 1\n") ||
                                contains("tidegauge_engine_up 1\n"));
  CHECK(count(result.output, "\ncontainer_last_seen{id=\"/docker/") ==
        6);  // those that run or are paused
  CHECK(result.output.ends_with('\n'));
  CHECK(scene.engine().calls(test::EngineCall::list) == 1);
  CHECK_THAT(result.errors, !contains("tidegauge has started"));
}

TEST_CASE("--once without an Engine prints a page that says so, and fails") {
  Scene scene;
  scene.kill_engine();
  const auto result = run(scene.with({"--once"}));
  CHECK(result.status == 1);
  CHECK(count(result.output, "\ntidegauge_engine_up") == 1);
  CHECK(count(result.output, "container_last_seen{id=\"/docker/") == 0);
}

TEST_CASE("--healthcheck is well while the daemon runs, and not once it has gone") {
  const Scene scene;
  RunningDaemon daemon(scene.with());
  const Arguments arguments{"--healthcheck",
                            "--web.listen_address=127.0.0.1:" + std::to_string(daemon.port())};
  CHECK(run(arguments).status == 0);
  daemon.process().signal(SIGTERM);
  REQUIRE(daemon.process().wait() == 0);
  const auto result = run(arguments);
  CHECK(result.status == 1);
  CHECK_THAT(result.errors, contains("tidegauge: healthcheck of tcp://127.0.0.1:"));
  CHECK(std::ranges::count(result.errors, '\n') == 1);
}

// --- the daemon ----------------------------------------------------------------------------------

TEST_CASE("the daemon serves the containers on its page, and pages about itself") {
  const Scene scene;
  const RunningDaemon daemon(scene.with());
  daemon.wait_for_page("name=\"web-1\"");
  const auto metrics = daemon.get("/metrics");
  CHECK(metrics.status == 200);
  CHECK_THAT(metrics.head, contains("Content-Type: text/plain; version=0.0.4"));
  CHECK(count(metrics.body, "\ncontainer_last_seen{id=\"/docker/") == 6);
  CHECK(daemon.get("/").status == 200);
  CHECK_THAT(daemon.get("/").body, contains("href=\"metrics\""));
  CHECK(daemon.get("/-/healthy").body == "healthy\n");
  CHECK(daemon.get("/-/ready").body == "ready\n");
  CHECK(daemon.get("/nowhere").status == 404);
}

TEST_CASE("the daemon has pages for people and the same as JSON, unless they are turned off") {
  const Scene scene;
  const bool is_on = GENERATE(true, false);
  const RunningDaemon daemon(
      scene.with({std::string("--web.status_page=") + (is_on ? "true" : "false")}));
  daemon.wait_for_page("name=\"web-1\"");
  const auto status = is_on ? 200 : 404;
  for (const std::string path :
       {"/pool", "/containers/local/web-1", "/api/v1/engines", "/api/v1/containers",
        "/api/v1/containers/local/web-1", "/api/v1/pool"}) {
    CAPTURE(path);
    CHECK(daemon.get(path).status == status);
  }
  CHECK(daemon.get("/").status == 200);
  CHECK((count(daemon.get("/").body, "containers/local/web-1") > 0) == is_on);
  CHECK(daemon.get("/api/v1/exits").status == 200);
  CHECK(daemon.get("/api/v1/logs/local/web-1").status == (is_on ? 403 : 404));
  CHECK((count(daemon.page(), "tidegauge_history_bytes 0\n") == 1) != is_on);
}

TEST_CASE("the daemon tells how runs ended, on its page and by its private socket") {
  const Scene scene;
  const test::TemporaryDirectory runtime;
  const RunningDaemon daemon(scene.with({"--path.runtime=" + runtime.path().string()}));
  daemon.wait_for_page("name=\"web-1\"");
  const auto exits = daemon.get("/api/v1/exits?name=nobody");
  CHECK(exits.status == 200);
  CHECK_THAT(exits.head, contains("Content-Type: application/json"));
  CHECK(exits.body == "{\"exits\":[],\"more\":false}\n");
  CHECK(daemon.get("/api/v1/exits?limit=0").status == 400);
  test::RawClient owner(runtime.file("health.sock"));
  CHECK(owner.get("/api/v1/exits?name=nobody").body == exits.body);
  CHECK(owner.get("/metrics").status == 404);
}

TEST_CASE("a daemon leaves its record in the state directory, and the next one finds it there") {
  Scene scene;
  const test::TemporaryDirectory state;
  const auto arguments =
      scene.with({"--container_monitor.state_directory=" + state.path().string()});
  {
    RunningDaemon daemon(arguments);
    daemon.wait_for_page("name=\"web-1\"");
    scene.engine().host().exit("web-1", 3);
    daemon.wait_for_page("state=\"exited\"");
    CHECK_THAT(daemon.process().errors(), !contains("is restored"));
    daemon.process().signal(SIGTERM);
    REQUIRE(daemon.process().wait() == 0);
  }
  CHECK(std::filesystem::exists(state.file("local.state")));
  std::filesystem::copy(state.file("local.state"), state.file("copy"));
  run(scene.with({"--once", "--container_monitor.state_directory=" + state.path().string()}));
  CHECK(test::read_file(state.file("local.state")) == test::read_file(state.file("copy")));
  RunningDaemon daemon(arguments);
  CHECK_THAT(daemon.process().errors(), contains("the record of an Engine is restored"));
}

TEST_CASE("--exits asks the running daemon by its private socket or its listener") {
  const Scene scene;
  const test::TemporaryDirectory runtime;
  RunningDaemon daemon(scene.with({"--path.runtime=" + runtime.path().string()}));
  const auto listener = "--web.listen_address=127.0.0.1:" + std::to_string(daemon.port());
  for (const auto& found_by : {"--path.runtime=" + runtime.path().string(), listener}) {
    const auto unknown = run({"--exits", "nobody", found_by});
    CHECK(unknown.status == 1);
    CHECK_THAT(unknown.errors, contains("tidegauge: no end of a container nobody is recorded"));
    CHECK(run({"--exits", found_by}).status == 0);
  }
  daemon.process().signal(SIGTERM);
  REQUIRE(daemon.process().wait() == 0);
  const auto result = run({"--exits", listener});
  CHECK(result.status == 1);
  CHECK_THAT(result.errors, contains("tidegauge: no daemon answers at tcp://127.0.0.1:"));
  CHECK(std::ranges::count(result.errors, '\n') == 1);
}

TEST_CASE("without an Engine the daemon starts, is well but not ready, and recovers by itself") {
  Scene scene;
  scene.kill_engine();
  const RunningDaemon daemon(scene.with());
  test::wait_until("the reason is known", 20s,
                   [&] { return daemon.get("/-/ready").body.contains("nobody listens"); });
  CHECK(daemon.get("/-/ready").status == 503);
  CHECK_THAT(daemon.get("/-/ready").body, contains("local: "));
  CHECK(daemon.get("/-/healthy").status == 200);
  CHECK(daemon.get("/metrics").status == 200);
  scene.engine().server().listen();
  daemon.wait_for_page("name=\"web-1\"");
  CHECK(daemon.get("/-/ready").status == 200);
}

TEST_CASE("a page shows nothing of an Engine whose monitor hangs, and all again once it goes on") {
  const Scene scene;
  RunningDaemon daemon(
      scene.with({"--container_monitor.interval=1s", "--container_monitor.max_age=2s"}));
  daemon.wait_for_page("name=\"web-1\"");
  CHECK_THAT(daemon.page(), contains("\ntidegauge_snapshot_stale 0\n"));
  {
    const test::StoppedThread monitor(daemon.process().pid(), "monitor");
    daemon.wait_for_page("\ntidegauge_snapshot_stale 1\n");
    const auto page = daemon.page();
    CHECK_THAT(page, contains("\ntidegauge_engine_up 0\n"));
    CHECK_THAT(page, contains("\ncontainer_scrape_error 1\n"));
    CHECK_THAT(page, !contains("web-1") && !contains("\nmachine_"));
    const auto ready = daemon.get("/-/ready");
    CHECK(ready.status == 503);
    CHECK_THAT(ready.body, contains("local: the snapshot is ") &&
                               contains(" s old: the monitor has stopped publishing\n"));
    CHECK(daemon.get("/-/healthy").status == 200);
  }
  daemon.wait_for_page("name=\"web-1\"");
  CHECK(daemon.get("/-/ready").status == 200);
}

TEST_CASE("where descriptors are few, clients are fewer, and take none from samples and calls") {
  Scene scene;
  test::ChildProcess process(test::in_shell("ulimit -n 180; exec \"$@\"",
                                            scene.with({"--container_monitor.interval=1s"})));
  process.wait_for_errors("tidegauge has started");
  CHECK_THAT(process.errors(), contains("fewer clients are served") && contains("clients=20 "));
  const auto port = test::listening_port(process.pid());
  std::vector<test::RawClient> silent;
  for (int i = 0; i < 18; ++i) silent.emplace_back(port);
  test::RawClient scraper(port);
  const auto samples = [&] { return scene.engine().calls(test::EngineCall::stats); };
  const auto before = samples();
  test::wait_until("every container that runs is sampled twice more", 20s,
                   [&] { return samples() >= before + 12; });
  CHECK_THAT(scraper.get("/metrics").body,
             contains("tidegauge_cycle_errors_total{step=\"stats\"} 0\n"));
}

TEST_CASE("a limit of descriptors that is too low is a message with the remedy, and status 1") {
  const Scene scene;
  const std::string action = GENERATE("", "--once");
  Arguments arguments;
  if (!action.empty()) arguments.push_back(action);
  test::ChildProcess process(test::in_shell("ulimit -n 100; exec \"$@\"", scene.with(arguments)));
  const auto result = test::wait_for(process);
  CHECK(result.status == 1);
  CHECK_THAT(result.errors, contains("tidegauge: this process may have 100 descriptors"));
}

TEST_CASE("a port in use is one line on standard error and status 1") {
  const Scene scene;
  const RunningDaemon daemon(scene.with());
  auto arguments = scene.with();
  arguments.push_back("--web.listen_address=127.0.0.1:" + std::to_string(daemon.port()));
  const auto result = run(arguments);
  CHECK(result.status == 1);
  CHECK_THAT(result.errors, contains("Address already in use"));
  CHECK(std::ranges::count(result.errors, '\n') == 1);
  CHECK(result.output.empty());
}

TEST_CASE("the configuration that is shipped starts unedited") {
  const Scene scene;
  const std::string file = std::string(TIDEGAUGE_SOURCE_DIR) + "/config/config.yaml";
  const RunningDaemon daemon({"--config", file},
                             {"TIDEGAUGE_WEB_LISTEN_ADDRESS=127.0.0.1:0",
                              "TIDEGAUGE_POOL_SOCKET_PATH=" + scene.socket_path()});
  daemon.wait_for_page("name=\"web-1\"");
}

TEST_CASE("an Engine that hangs costs another's containers, the page and the end nothing") {
  Scene scene;
  const test::TemporaryDirectory directory;
  const test::HttpServer hanging(directory.file("hanging.sock"),
                                 [](const auto&, auto& exchange) { exchange.hang(); });
  RunningDaemon daemon(
      {"--config",
       scene.write_config("endpoints:\n- name: good\n  socket_path: " + scene.socket_path() +
                          "\n- name: hanging\n  socket_path: " + directory.file("hanging.sock") +
                          "\n"),
       "--web.listen_address=127.0.0.1:0", "--container_monitor.interval=1s"});
  // Counted while the other has been found out, and for some cycles after.
  daemon.process().wait_for_errors("engine is down");
  const auto sampled = [&] { return scene.engine().calls(test::EngineCall::stats); };
  const auto before = sampled();
  test::wait_until("every container that runs is sampled twice more", 20s,
                   [&] { return sampled() >= before + 12; });
  const auto page = daemon.page();
  CHECK_THAT(page, contains("tidegauge_engine_up{endpoint=\"good\"} 1\n"));
  CHECK_THAT(page, contains("tidegauge_engine_up{endpoint=\"hanging\"} 0\n"));
  CHECK(count(page, "\ncontainer_pids{endpoint=\"good\"") == 6);
  daemon.process().signal(SIGTERM);
  CHECK(daemon.process().wait(5s) == 0);
}

TEST_CASE("at the level debug the log has each request to the Engine, each event and each answer") {
  Scene scene;
  RunningDaemon daemon(scene.with({"--log.level=debug"}));
  daemon.wait_for_page("name=\"web-1\"");
  scene.engine().host().pause("web-1");
  daemon.process().wait_for_errors(
      "level=debug msg=\"event of an Engine\" endpoint=local type=container action=pause");
  const auto log = daemon.process().errors();
  CHECK_THAT(log,
             contains("level=debug msg=\"asked the Engine\" endpoint=local method=GET target=") &&
                 contains("/containers/json?all=1\" result=200 bytes="));
  CHECK_THAT(log, contains("level=debug msg=\"answered a request\" path=/metrics status=200 "));
}

TEST_CASE("what changes is logged once, however long it lasts") {
  Scene scene;
  auto arguments = scene.with();
  arguments.emplace_back("--container_monitor.interval=1s");
  arguments.emplace_back("--pool.health_check_interval=2500ms");
  arguments.emplace_back("--container_monitor.stats_source=engine");
  RunningDaemon daemon(arguments);
  daemon.wait_for_page("name=\"web-1\"");
  scene.kill_engine();
  daemon.process().wait_for_errors("engine is down");
  const auto failed_probes = [&] {
    const auto page = daemon.page();
    constexpr std::string_view series =
        "tidegauge_pool_probes_total{endpoint=\"local\",result=\"failure\"} ";
    const auto at = page.find(series);
    return at == std::string::npos ? 0 : std::stoi(page.substr(at + series.size()));
  };
  test::wait_until("five probes have failed", 20s, [&] { return failed_probes() >= 5; });
  scene.engine().server().listen();
  daemon.process().wait_for_errors("engine is up again");
  daemon.wait_for_page("name=\"web-1\"");
  daemon.process().signal(SIGTERM);
  REQUIRE(daemon.process().wait() == 0);
  const auto log = daemon.process().errors();
  CHECK(count(log, "level=warn") == 1);
  CHECK(count(log, "engine is down") == 1);
  CHECK(count(log, "engine is up again") == 1);
  CHECK(std::ranges::count(log, '\n') ==
        5);  // and that it started, what it watches, and that it stops
}
