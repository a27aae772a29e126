#include "http/engine_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.h"
#include "support/http_server.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using http::missing_engine_process;
using http::PidNamespace;
using test::contains;
using test::error_of;
using test::value_of;

namespace {

/// The number of a process that has ended.
std::string ended_process() {
  const auto child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return std::to_string(child);
}

}  // namespace

TEST_CASE("an Engine's process exists while its pid file names a living process") {
  const test::TemporaryDirectory directory;
  const auto file = directory.write("docker.pid", std::to_string(::getpid()) + "\n");
  CHECK_FALSE(missing_engine_process(file, PidNamespace::first));
  CHECK_FALSE(missing_engine_process(file, PidNamespace::other));
}

TEST_CASE("there is no Engine if the pid file is missing or names no process") {
  const test::TemporaryDirectory directory;
  for (const auto seen_from : {PidNamespace::first, PidNamespace::other}) {
    const auto missing = missing_engine_process(directory.file("none.pid"), seen_from);
    REQUIRE(missing);
    CHECK(missing->code == Errc::unreachable);
    CHECK_THAT(missing->message, contains("waits for the Engine's process: "));
    CHECK_THAT(missing->message, contains("none.pid: No such file or directory"));
    for (const auto* text : {"", "dockerd", "0", "-1"}) {
      CHECK(missing_engine_process(directory.write("docker.pid", text), seen_from));
    }
  }
}

TEST_CASE("a stale pid file counts only if processes are not visible") {
  const test::TemporaryDirectory directory;
  const auto file = directory.write("docker.pid", ended_process());
  const auto missing = missing_engine_process(file, PidNamespace::first);
  REQUIRE(missing);
  CHECK_THAT(missing->message, contains("has ended"));
  CHECK_FALSE(missing_engine_process(file, PidNamespace::other));
}

TEST_CASE("no socket is opened while the Engine's process does not exist") {
  const test::TemporaryDirectory directory;
  test::HttpServer server(directory.file("docker.sock"),
                          [](const auto&, test::Exchange& exchange) { exchange.reply(200); });
  const auto pid_file = directory.file("docker.pid");
  http::CurlTransport transport({.path = directory.file("docker.sock"), .pid_file = pid_file});
  const auto connection = transport.make();
  const http::Request request{.target = "/", .limits = {.total = 20s}};
  const auto error = error_of(connection->perform(request));
  CHECK(error.code == Errc::unreachable);
  CHECK_THAT(error.message, contains("waits for the Engine's process"));
  CHECK(server.counters().connections_accepted == 0);

  std::ignore = directory.write("docker.pid", std::to_string(::getpid()));
  value_of(connection->perform(request));
  std::ignore = directory.write("docker.pid", "");
  value_of(connection->perform(request));  // uses the open socket
  server.disconnect_all();
  CHECK_FALSE(connection->perform(request));
  CHECK(server.counters().connections_accepted == 1);
}
