// What signals do to the program.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>

#include "app/program.h"
#include "simulated_engine/simulated_engine.h"
#include "support/catch.h"
#include "support/child_process.h"
#include "support/raw_client.h"
#include "support/stopped_thread.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;
using test::count;
using test::RunningDaemon;
using test::Scene;

TEST_CASE("SIGTERM and SIGINT end the daemon with status 0, also while the Engine hangs") {
  const int signal = GENERATE(SIGTERM, SIGINT);
  const bool frozen = GENERATE(false, true);
  Scene scene;
  if (frozen) scene.engine().server().freeze();
  RunningDaemon daemon(scene.with());
  if (!frozen) daemon.wait_for_page("name=\"web-1\"");
  const auto begin = steady_now();
  daemon.process().signal(signal);
  daemon.process().signal(signal == SIGTERM ? SIGINT : SIGTERM);  // changes nothing any more
  CHECK(daemon.process().wait() == 0);
  CHECK(steady_now() - begin < 4s);
  CHECK(count(daemon.process().errors(), "msg=\"stopping\" signal=SIG") == 1);
  CHECK(daemon.process().output().empty());
}

TEST_CASE("a signal without a meaning is logged, and ends nothing") {
  const Scene scene;
  RunningDaemon daemon(scene.with());
  std::size_t ignored = 0;
  for (const int signal : {SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT,
                           SIGRTMIN, SIGRTMAX}) {
    daemon.process().signal(signal);
    ++ignored;
    test::wait_until("the signal is logged", 20s, [&] {
      return count(daemon.process().errors(), "a signal without a meaning is ignored") == ignored;
    });
  }
  CHECK_THAT(daemon.process().errors(),
             contains("signal=SIGUSR1\n") && contains("signal=SIGPWR\n"));
  daemon.process().signal(SIGPIPE);
  daemon.process().signal(SIGXFSZ);
  CHECK(daemon.get("/-/healthy").status == 200);
  daemon.process().signal(SIGTERM);
  CHECK(daemon.process().wait() == 0);
}

TEST_CASE("SIGHUP reads the configuration again, and ends nothing") {
  const Scene scene;
  RunningDaemon daemon(scene.with());
  daemon.process().signal(SIGHUP);
  daemon.process().wait_for_errors("the configuration is reloaded and has not changed");
  CHECK(daemon.get("/-/healthy").status == 200);
  daemon.process().signal(SIGTERM);
  CHECK(daemon.process().wait() == 0);
}

TEST_CASE("a thread that hangs holds up the end for four seconds, and no longer") {
  const Scene scene;
  RunningDaemon daemon(scene.with());
  test::StoppedThread monitor(daemon.process().pid(), "monitor");
  const auto begin = steady_now();
  daemon.process().signal(SIGTERM);
  monitor.wait_for_end();
  CHECK(daemon.process().wait() == 1);
  CHECK(steady_now() - begin >= 3s);
  CHECK(steady_now() - begin < 6s);
  CHECK_THAT(daemon.process().errors(), contains("stopping takes too long"));
}

TEST_CASE("a log that nobody reads stops neither the page nor the end") {
  const bool frozen = GENERATE(false, true);
  Scene scene;
  if (frozen) scene.engine().server().freeze();
  const test::TemporaryDirectory directory;
  const auto log = directory.file("log");
  REQUIRE(::mkfifo(log.c_str(), 0600) == 0);
  const UniqueFd reader(::open(log.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  while (::write(reader.get(), "x", 1) == 1) {
  }
  test::ChildProcess process(
      test::in_shell("exec \"$@\" 2>" + log, scene.with({"--container_monitor.interval=1s"})));
  const auto port = test::listening_port(process.pid());
  const auto page_says = [&](std::string_view part) {
    return test::RawClient(port).get("/metrics").body.contains(part);
  };
  test::wait_until("the page is served", 20s, [&] {
    return page_says(frozen ? "\ntidegauge_engine_up 0\n" : "name=\"web-1\"");
  });
  if (!frozen) {
    scene.kill_engine();
    test::wait_until("the page shows what happens", 20s,
                     [&] { return page_says("\ntidegauge_engine_up 0\n"); });
  }
  const auto begin = steady_now();
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
  CHECK(steady_now() - begin < 5s);
}
