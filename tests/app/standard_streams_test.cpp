// The program beside standard streams that are full or closed.

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>

#include "app/program.h"
#include "support/catch.h"
#include "support/child_process.h"
#include "support/raw_client.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;
using test::Scene;

TEST_CASE("output that cannot be written is a message and status 1") {
  const Scene scene;
  const std::string action =
      GENERATE("--once", "--print-config", "--check-config", "--version", "--help");
  const std::string redirection = GENERATE(">/dev/full", ">&-", "<&- >&-");
  INFO(action << " " << redirection);
  test::ChildProcess program(test::in_shell("exec \"$@\" " + redirection, scene.with({action})));
  const auto result = test::wait_for(program);
  CHECK(result.status == 1);
  CHECK_THAT(result.errors, contains("tidegauge: cannot write to standard output: ") &&
                                contains(redirection == ">/dev/full" ? "No space left on device"
                                                                     : "Bad file descriptor"));
}

TEST_CASE("a daemon without standard streams writes into none of its own files and sockets") {
  const Scene scene;
  test::ChildProcess process(test::in_shell("exec \"$@\" <&- >&- 2>&-", scene.with()));
  const auto port = test::listening_port(process.pid());
  test::wait_until("it serves", 20s, [&] {
    return test::RawClient(port).get("/metrics").body.contains("name=\"web-1\"");
  });
  const auto descriptors = "/proc/" + std::to_string(process.pid()) + "/fd/";
  for (const auto* number : {"0", "1", "2"}) {
    CHECK(std::filesystem::read_symlink(descriptors + number) == "/dev/null");
  }
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
}
