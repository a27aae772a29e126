#include "tidegauge/config/loader.h"

#include "config/loading.h"
#include "support/catch.h"
#include "support/temporary_directory.h"

using namespace tidegauge;
using namespace tidegauge::config;
using namespace std::chrono_literals;
using test::contains;
using test::loaded;
using test::mistakes_in;

namespace {

std::string address_in(const Loaded& result) {
  return to_string(result.config.endpoints.at(0).address);
}

}  // namespace

TEST_CASE("without a file everything is at its default") {
  const auto result = load({});
  REQUIRE(result);
  CHECK(result->config == Config{});
  CHECK(result->warnings.empty());
}

TEST_CASE("the shipped file is every option at its default") {
  const auto result = load(
      {.file = TIDEGAUGE_SOURCE_DIR "/config/config.yaml", .environment = {}, .overrides = {}});
  REQUIRE(result);
  CHECK(result->config == Config{});
}

TEST_CASE("a smaller pool beside the shipped file needs no second option") {
  const auto result = load({.file = TIDEGAUGE_SOURCE_DIR "/config/config.yaml",
                            .environment = {"TIDEGAUGE_POOL_MAX_CONNECTIONS=4"},
                            .overrides = {}});
  REQUIRE(result);
  CHECK(result->config.container_monitor.max_in_flight == 4);
}

TEST_CASE("the runtime directory is the first that systemd names, unless an option says it") {
  const auto runtime = [](const std::string& file, const std::string& variable) {
    return loaded(file, {{"RUNTIME_DIRECTORY=" + variable}, {}}).config.path.runtime;
  };
  CHECK(loaded("").config.path.runtime.empty());
  CHECK(runtime("", "/run/tidegauge") == "/run/tidegauge");
  CHECK(runtime("", "/run/tidegauge:/run/other") == "/run/tidegauge");
  CHECK(runtime("", "").empty());
  CHECK(runtime("", "run/tidegauge").empty());
  CHECK(runtime("path: {runtime: /run/own}\n", "/run/tidegauge") == "/run/own");
}

TEST_CASE("the state directory is the first that systemd names, unless an option says it") {
  const auto state = [](const std::string& file, const std::string& variable) {
    return loaded(file, {{"STATE_DIRECTORY=" + variable}, {}})
        .config.container_monitor.state_directory;
  };
  CHECK(loaded("").config.container_monitor.state_directory.empty());
  CHECK(state("", "/var/lib/tidegauge:/var/lib/other") == "/var/lib/tidegauge");
  CHECK(state("container_monitor: {state_directory: /srv/own}\n", "/var/lib/x") == "/srv/own");
}

TEST_CASE("the pid file that a unit names is that of the Engine behind Docker's own socket") {
  const auto pid_file = [](const std::string& file, const std::string& variable) {
    return loaded(file, {{"TIDEGAUGE_DOCKER_PID_FILE=" + variable}, {}})
        .config.endpoints.front()
        .engine_pid_file;
  };
  CHECK(pid_file("", "/run/docker.pid") == "/run/docker.pid");
  CHECK(pid_file("pool: {socket_path: /run/docker.sock}\n", "/run/docker.pid") ==
        "/run/docker.pid");
  CHECK(pid_file("endpoints:\n  - {name: a, socket_path: /var/run/docker.sock}\n",
                 "/run/docker.pid") == "/run/docker.pid");
  CHECK(pid_file("pool: {engine_pid_file: /run/own.pid}\n", "/run/docker.pid") == "/run/own.pid");
  CHECK(pid_file("pool: {socket_path: /run/podman/podman.sock}\n", "/run/docker.pid").empty());
  CHECK(pid_file("pool: {socket_path: 'tcp://docker:2375'}\n", "/run/docker.pid").empty());
  CHECK(pid_file("", "").empty());
}

TEST_CASE("listen addresses are one scalar or a list in the file, with commas elsewhere") {
  using Items = std::vector<std::string>;
  const auto addresses = [](const std::string& file, const test::Beside& beside) {
    return loaded(file, beside).config.web.listen_addresses;
  };
  CHECK(addresses("", {}) == Items{"127.0.0.1:9717"});
  CHECK(addresses("web: {listen_address: ':1'}\n", {}) == Items{":1"});
  CHECK(addresses("web:\n  listen_address: [':1', systemd]\n", {}) == Items{":1", "systemd"});
  CHECK(addresses("", {{"TIDEGAUGE_WEB_LISTEN_ADDRESS=:1, unix:///run/a"}, {}}) ==
        Items{":1", "unix:///run/a"});
  CHECK(addresses("", {{}, {{"web.listen_address", ":1,systemd"}}}) == Items{":1", "systemd"});
  CHECK_THAT(mistakes_in("", {{}, {{"web.listen_address", ""}}}),
             contains("--web.listen_address: there is no address; allowed: one to 16"));
}

TEST_CASE("the command line beats the environment, which beats the file") {
  const std::string file = "pool:\n  max_streams: 2\n";
  const std::vector<std::string> environment{"TIDEGAUGE_POOL_MAX_STREAMS=3"};
  CHECK(loaded(file).config.pool.max_streams == 2);
  CHECK(loaded(file, {environment, {}}).config.pool.max_streams == 3);
  CHECK(loaded(file, {environment, {{"pool.max_streams", "4"}}}).config.pool.max_streams == 4);
}

TEST_CASE("the last of several command-line options counts, under whichever name") {
  const auto result = loaded(
      "",
      {{}, {{"pool.max_connections", "20"}, {"pool.pool_size", "21"}, {"pool.pool_size", "22"}}});
  CHECK(result.config.pool.max_connections == 22);
}

TEST_CASE("DOCKER_HOST beats the file, and TIDEGAUGE_POOL_SOCKET_PATH beats DOCKER_HOST") {
  const std::string file = "container_monitor:\n  socket_path: /run/file.sock\n";
  const std::string docker_host = "DOCKER_HOST=unix:///run/docker-host.sock";
  CHECK(address_in(loaded(file)) == "unix:///run/file.sock");
  CHECK(address_in(loaded(file, {{docker_host}, {}})) == "unix:///run/docker-host.sock");
  CHECK(address_in(loaded(file, {{"DOCKER_HOST="}, {}})) == "unix:///run/file.sock");
  CHECK(address_in(loaded(file, {{"TIDEGAUGE_POOL_SOCKET_PATH=/run/a.sock", docker_host}, {}})) ==
        "unix:///run/a.sock");
  CHECK(address_in(loaded(file, {{docker_host}, {{"pool.socket_path", "/run/cli.sock"}}})) ==
        "unix:///run/cli.sock");
}

TEST_CASE("a DOCKER_HOST that cannot be used is a mistake, unless something stronger is used") {
  CHECK(mistakes_in("", {{"DOCKER_HOST=ssh://host"}, {}}) ==
        "DOCKER_HOST: \"ssh://host\" is not an Engine's address; allowed: "
        "unix:///path/to/docker.sock, /path/to/docker.sock, tcp://host:port, https://host:port\n");
  CHECK(address_in(loaded("", {{"DOCKER_HOST=ssh://host", "TIDEGAUGE_POOL_SOCKET_PATH=/run/a.sock"},
                               {}})) == "unix:///run/a.sock");
}

TEST_CASE("the environment sets an option under whichever name the file has it") {
  const auto result =
      loaded("container_monitor:\n  pool_size: 20\n", {{"TIDEGAUGE_POOL_MAX_CONNECTIONS=30"}, {}});
  CHECK(result.config.pool.max_connections == 30);
}

TEST_CASE("one thing said in two places is a mistake that names both") {
  CHECK(mistakes_in("pool:\n  pool_size: 8\n  max_connections: 8\n") ==
        "config.yaml:3: pool.max_connections: means the same as pool.pool_size at config.yaml:2; "
        "keep one of them\n");
  CHECK(mistakes_in("container_monitor:\n  idle_timeout: 10s\npool:\n  idle_timeout: 20s\n") ==
        "config.yaml:4: pool.idle_timeout: means the same as container_monitor.idle_timeout at "
        "config.yaml:2; keep one of them\n");
  CHECK(mistakes_in(
            "", {{"TIDEGAUGE_POOL_POOL_SIZE=8", "TIDEGAUGE_CONTAINER_MONITOR_POOL_SIZE=8"}, {}}) ==
        "TIDEGAUGE_CONTAINER_MONITOR_POOL_SIZE: container_monitor.pool_size: means the same as "
        "pool.pool_size at TIDEGAUGE_POOL_POOL_SIZE; keep one of them\n");
}

TEST_CASE("an unknown variable is a mistake, with what may have been meant") {
  CHECK(mistakes_in("", {{"TIDEGAUGE_POOL_MAX_CONECTIONS=8", "TIDEGAUGE_X=1"}, {}}) ==
        "TIDEGAUGE_POOL_MAX_CONECTIONS: is the variable of no option; did you mean "
        "TIDEGAUGE_POOL_MAX_CONNECTIONS?\n"
        "TIDEGAUGE_X: is the variable of no option; allowed: TIDEGAUGE_SECTION_OPTION, as "
        "TIDEGAUGE_CONTAINER_MONITOR_INTERVAL\n");
}

TEST_CASE("variables of others, and the program's own, are not looked at") {
  CHECK(loaded("", {{"TIDEGAUGE_CONFIG=x", "tidegauge_x=1", "TIDEGAUGE", "HOME=/root", ""}, {}})
            .config == Config{});
}

TEST_CASE("an unknown command-line option is a mistake, with what may have been meant") {
  CHECK(mistakes_in("", {{}, {{"pool.max_conections", "8"}, {"a.b", "1"}}}) ==
        "--a.b: is no option; allowed: --SECTION.OPTION=VALUE, as "
        "--container_monitor.interval\n"
        "--pool.max_conections: is no option; did you mean --pool.max_connections?\n");
}

TEST_CASE("a value that is wrong is told with the variable or the option it came in") {
  CHECK(mistakes_in("", {{"TIDEGAUGE_LOG_LEVEL=loud"}, {{"pool.max_streams", "0"}}}) ==
        "TIDEGAUGE_LOG_LEVEL: \"loud\" is none of the choices; allowed: debug, info, warn, error\n"
        "--pool.max_streams: 0 is less than 1; allowed: 1 to 256\n");
}

TEST_CASE("a wrong value in the file is a mistake even where something stronger is used") {
  CHECK_THAT(mistakes_in("pool:\n  max_streams: 0\n", {{"TIDEGAUGE_POOL_MAX_STREAMS=3"}, {}}),
             contains("config.yaml:2: pool.max_streams: 0 is less than 1"));
}

TEST_CASE("the default of calls in flight follows a smaller pool, a value that was set does not") {
  CHECK(loaded("pool:\n  max_connections: 4\n").config.container_monitor.max_in_flight == 4);
  CHECK(loaded("pool:\n  max_connections: 30\n").config.container_monitor.max_in_flight == 8);
  CHECK_THAT(mistakes_in("pool:\n  max_connections: 4\n",
                         {{"TIDEGAUGE_CONTAINER_MONITOR_MAX_IN_FLIGHT=8"}, {}}),
             contains("must be at most pool.max_connections (4, config.yaml:2)"));
}

TEST_CASE("all mistakes are told at once, those of the file by line") {
  const std::string file = R"(pool:
  max_connections: 0
  idle_timeout: 90
  balancing: lilo
container_monitor:
  pool_size: 8
  intreval: 10s
  max_streams: 4
  labels: com.example
web:
  - listen_address: 127.0.0.1:9717
wbe:
  max_connections: 3
log:
  level:
  format: {json: true}
pool:
  max_streams: 3
metrics:
  process: yes
)";
  CHECK(mistakes_in(file, {{"TIDEGAUGE_POOL_LEAK_THRESHOLD=1s"}, {{"log.level", "all"}}}) ==
        R"(config.yaml:2: pool.max_connections: 0 is less than 1; allowed: 1 to 256
config.yaml:3: pool.idle_timeout: 90 has no unit: write 90s or 90ms; allowed: 5s to 24h, or 0
config.yaml:4: pool.balancing: "lilo" is none of the choices; allowed: lifo, round_robin, least_used, random
config.yaml:6: container_monitor.pool_size: means the same as pool.max_connections at config.yaml:2; keep one of them
config.yaml:7: "intreval" is no option of container_monitor; did you mean interval?
config.yaml:8: "max_streams" is no option of container_monitor; did you mean pool.max_streams?
config.yaml:9: container_monitor.labels: "com.example" is not a list; allowed: any number of different texts; none is []
config.yaml:10: web: is not a section; allowed: options below it, each on a line, indented, as `name: value`
config.yaml:12: "wbe" is no section; did you mean web?
config.yaml:15: log.level: has no value; allowed: debug, info, warn, error
config.yaml:16: log.format: holds names and values instead of a value; allowed: logfmt, json
config.yaml:17: pool: is there twice, first on line 1; keep one of them
config.yaml:20: metrics.process: "yes" is none of the choices; allowed: true, false
TIDEGAUGE_POOL_LEAK_THRESHOLD: 1s is less than 2s; allowed: 2s to 24h, or 0
--log.level: "all" is none of the choices; allowed: debug, info, warn, error
)");
}

TEST_CASE("a file that cannot be read is one mistake with its path and a remedy") {
  const test::TemporaryDirectory directory;
  const auto told = [](const std::string& path) {
    const auto result = load({.file = path, .environment = {}, .overrides = {}});
    REQUIRE_FALSE(result);
    return to_string(result.error());
  };
  const auto missing = directory.file("missing.yaml");
  CHECK(told(missing) == missing +
                             ": cannot be read: No such file or directory; name a YAML file that "
                             "this user may read\n");
  CHECK(told(directory.path()) == directory.path().string() +
                                      ": cannot be read: Is a directory; name a YAML file that "
                                      "this user may read\n");
  CHECK_THAT(told(directory.write("large.yaml", std::string((1 << 20) + 1, '#'))),
             contains("it is larger than 1 MiB"));
}
