#include "config/endpoint_list.h"

#include "config/loading.h"
#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::config;
using test::loaded;
using test::mistakes_in;

namespace {

const std::string two_engines = R"(
endpoints:
  - name: local
    socket_path: unix:///var/run/docker.sock
  - {socket_path: "tcp://10.0.0.5", name: build-1}
)";

}  // namespace

TEST_CASE("the list names several Engines, in its order") {
  const auto endpoints = loaded(two_engines).config.endpoints;
  REQUIRE(endpoints.size() == 2);
  CHECK(endpoints[0] == EndpointConfig{});
  CHECK(endpoints[1].name == "build-1");
  CHECK(to_string(endpoints[1].address) == "tcp://10.0.0.5:2375");
}

TEST_CASE("an Engine of the list may say who is asked for the numbers of its containers") {
  const auto endpoints =
      loaded(two_engines + "  - {name: c, socket_path: /run/c.sock, stats_source: engine}\n")
          .config.endpoints;
  REQUIRE(endpoints.size() == 3);
  CHECK_FALSE(endpoints[1].stats_source);
  CHECK(endpoints[2].stats_source == StatsChoice::engine);
  CHECK(
      mistakes_in(two_engines + "  - {name: c, socket_path: /run/c.sock, stats_source: both}\n") ==
      "config.yaml:6: endpoints[2].stats_source: \"both\" is none of the choices; allowed: auto, "
      "engine, kernel\n");
}

TEST_CASE("the short form is a list of one that is called local") {
  const auto section = GENERATE(as<std::string>{}, "pool", "container_monitor");
  const auto endpoints = loaded(section + ":\n  socket_path: /run/a.sock\n").config.endpoints;
  REQUIRE(endpoints.size() == 1);
  CHECK(endpoints[0].name == "local");
  CHECK(endpoints[0].address.path == "/run/a.sock");
}

TEST_CASE("DOCKER_HOST is ignored beside the list, with a warning") {
  const auto result = loaded(two_engines, {{"DOCKER_HOST=tcp://other:2375"}, {}});
  CHECK(result.config == loaded(two_engines).config);
  REQUIRE(result.warnings.size() == 1);
  CHECK_THAT(result.warnings[0], test::contains("DOCKER_HOST is ignored: the list endpoints at "));
  CHECK_THAT(result.warnings[0], test::contains("config.yaml:2 says which Engines to watch"));
}

TEST_CASE("the short form does not go with the list, wherever it is set") {
  CHECK(mistakes_in(two_engines + "pool:\n  socket_path: /run/a.sock\n",
                    {{"TIDEGAUGE_POOL_SOCKET_PATH=/run/b.sock"},
                     {{"container_monitor.socket_path", "/run/c.sock"}}}) ==
        "config.yaml:7: pool.socket_path: does not go with the list endpoints at config.yaml:2; "
        "keep one of them\n"
        "TIDEGAUGE_POOL_SOCKET_PATH: pool.socket_path: does not go with the list endpoints at "
        "config.yaml:2; keep one of them\n"
        "--container_monitor.socket_path: container_monitor.socket_path: does not go with the list "
        "endpoints at config.yaml:2; keep one of them\n");
}

TEST_CASE("a list without an Engine is a mistake") {
  const auto list = GENERATE(as<std::string>{}, "", "[]", "local", "{name: local}");
  CHECK(mistakes_in("endpoints: " + list) ==
        "config.yaml:1: endpoints: is not a list of Engines; allowed: `- name: NAME` and below it "
        "`socket_path: ADDRESS`, at least once\n");
}

TEST_CASE("every mistake in the list is told with its entry and line") {
  CHECK(
      mistakes_in(R"(endpoints:
  - name: local
    socket_path: docker.sock
  - name: a b
  - socket_path: /run/c.sock
  - name: local
    socket_path: /run/d.sock
    socket_path: /run/e.sock
    sokcet_path: /run/f.sock
  - /run/g.sock
  - name: [x]
    socket_path:
)") ==
      R"(config.yaml:3: endpoints[0].socket_path: "docker.sock" is not an Engine's address; allowed: unix:///path/to/docker.sock, /path/to/docker.sock, tcp://host:port, https://host:port
config.yaml:4: endpoints[1].name: "a b" is not a name; allowed: 1 to 63 of a-z A-Z 0-9 _ . -
config.yaml:4: endpoints[1]: has no socket_path; allowed: `- name: NAME` and below it `socket_path: ADDRESS`
config.yaml:5: endpoints[2]: has no name; allowed: `- name: NAME` and below it `socket_path: ADDRESS`
config.yaml:6: endpoints[3].name: "local" is the name on line 2 already; allowed: a name of its own
config.yaml:8: endpoints[3].socket_path: is there twice, first on line 7; keep one of them
config.yaml:9: endpoints[3]: "sokcet_path" does not belong here; did you mean socket_path?
config.yaml:10: endpoints[4]: is not an Engine; allowed: `- name: NAME` and below it `socket_path: ADDRESS`
config.yaml:11: endpoints[5].name: "" is not a name; allowed: 1 to 63 of a-z A-Z 0-9 _ . -
config.yaml:12: endpoints[5].socket_path: the value is empty; allowed: unix:///path/to/docker.sock, /path/to/docker.sock, tcp://host:port, https://host:port
)");
}

TEST_CASE("a name has at most 63 characters") {
  const auto list_of = [](std::size_t length) {
    return "endpoints: [{name: " + std::string(length, 'x') + ", socket_path: /run/a.sock}]";
  };
  CHECK(loaded(list_of(63)).config.endpoints.at(0).name.size() == 63);
  CHECK_THAT(mistakes_in(list_of(64)), test::contains("is not a name"));
}
