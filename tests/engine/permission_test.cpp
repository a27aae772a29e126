// A daemon that may not open the Engine's socket.

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "support/catch.h"
#include "support/daemon_process.h"
#include "support/real_engine.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::DaemonProcess;
using test::RealEngine;

namespace {

constexpr uid_t nobody = 65534;

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a daemon without permission says which group has it, and recovers when it gets it") {
  const RealEngine engine;
  const auto container = engine.run("web", R"({"Cmd": ["sleep", "inf"]})");
  const auto socket = engine.socket_path();
  REQUIRE(::chmod(engine.directory().c_str(), 0711) == 0);
  REQUIRE(::chown(socket.c_str(), 0, 0) == 0);
  REQUIRE(::chmod(socket.c_str(), 0660) == 0);

  DaemonProcess daemon({.arguments = {"--pool.socket_path=" + engine.address()}, .user = nobody});
  CHECK_NOTHROW(test::wait_until(
      "the log says why", 5s, [&] { return daemon.log().contains("it belongs to group root"); }));
  CHECK(daemon.page().value("tidegauge_engine_up") == 0);
  CHECK(daemon.page().values_of("name", "container_start_time_seconds").empty());
  CHECK_THAT(daemon.get("/-/ready").body, test::contains("permission denied on " + socket));

  REQUIRE(::chmod(socket.c_str(), 0666) == 0);
  CHECK_NOTHROW(test::wait_until("the Engine is up and its container on the page", 20s, [&] {
    const auto page = daemon.page();
    return page.value("tidegauge_engine_up") == 1 &&
           page.value("container_cpu_usage_seconds_total",
                      {{"id", RealEngine::cgroup_of(container)}});
  }));
  INFO(daemon.log());
  CHECK(occurrences(daemon.log(), "it belongs to group root") == 1);
  CHECK(daemon.terminate(5s) == 0);
}
