#include "tidegauge/util/thread_guard.h"

#include <stdexcept>
#include <stop_token>

#include "support/catch.h"
#include "support/log_capture.h"

using namespace tidegauge;

TEST_CASE("work that throws is called again, and each failure is logged and counted") {
  test::LogCapture log;
  ThreadGuard guard(log.logger());
  int calls = 0;
  guard.run("monitor", {}, [&] {
    if (++calls == 1) throw std::runtime_error("no memory left");
    if (calls == 2) throw 7;
  });
  CHECK(calls == 3);
  CHECK(guard.failures() == std::map<std::string, std::uint64_t>{{"monitor", 2}});
  CHECK(log.count("thread=monitor reason=\"no memory left\"") == 1);
  CHECK(log.count("unknown type") == 1);
}

TEST_CASE("work that returns is not called again and leaves no trace") {
  test::LogCapture log;
  ThreadGuard guard(log.logger());
  int calls = 0;
  guard.run("monitor", {}, [&] { ++calls; });
  CHECK(calls == 1);
  CHECK(guard.failures().empty());
  CHECK(log.count("") == 0);
}

TEST_CASE("work that keeps throwing is not called again after a stop") {
  test::LogCapture log;
  ThreadGuard guard(log.logger());
  int calls = 0;
  std::stop_source stop;
  guard.run("monitor", stop.get_token(), [&] {
    ++calls;
    stop.request_stop();
    throw std::runtime_error("again");
  });
  CHECK(calls == 1);
}

TEST_CASE("run_once returns whether the call threw") {
  test::LogCapture log;
  ThreadGuard guard(log.logger());
  CHECK_FALSE(guard.run_once("calls", [] { throw std::bad_alloc(); }));
  CHECK(guard.run_once("calls", [] {}));
  CHECK(guard.failures().at("calls") == 1);
}
