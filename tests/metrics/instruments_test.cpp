#include "tidegauge/metrics/instruments.h"

#include <fcntl.h>

#include <chrono>
#include <new>
#include <string>
#include <vector>

#include "support/catch.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using metrics::Instruments;
using test::contains;

namespace {

/// The value of the series that begins with `series`.
double value(const std::string& page, const std::string& series) {
  const auto begin = page.find("\n" + series + " ");
  if (begin == std::string::npos) FAIL("no " << series << " in\n" << page);
  return std::stod(page.substr(begin + series.size() + 2));
}

model::CycleReport report(const std::string& endpoint, double seconds) {
  return {.endpoint = endpoint,
          .duration = std::chrono::duration<double>(seconds),
          .list_errors = 1,
          .inspect_errors = 0,
          .stats_errors = 2};
}

}  // namespace

TEST_CASE("sample latencies are recorded, and errors of cycles counted by step") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  Instruments instruments(logger, threads, {.process = false});
  instruments.record_cycle(report("local", 0.003));
  instruments.record_cycle(report("local", 0.3));
  const auto page = instruments.render();
  CHECK(value(page, "tidegauge_sample_latency_max_seconds_count") == 2);
  CHECK(value(page, "tidegauge_sample_latency_max_seconds_sum") == test::Approx(0.303));
  CHECK(value(page, "tidegauge_sample_latency_max_seconds_bucket{le=\"0.01\"}") == 1);
  CHECK(value(page, "tidegauge_cycle_errors_total{step=\"list\"}") == 2);
  CHECK(value(page, "tidegauge_cycle_errors_total{step=\"inspect\"}") == 0);
  CHECK(value(page, "tidegauge_cycle_errors_total{step=\"stats\"}") == 4);
}

TEST_CASE("with several Engines the cycles of each have the label endpoint") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  Instruments instruments(logger, threads, {.process = false, .many_engines = true});
  instruments.record_cycle(report("a", 0.1));
  instruments.record_cycle(report("b", 0.1));
  const auto page = instruments.render();
  CHECK(value(page, "tidegauge_sample_latency_max_seconds_count{endpoint=\"a\"}") == 1);
  CHECK(value(page, "tidegauge_cycle_errors_total{endpoint=\"b\",step=\"stats\"}") == 2);
}

TEST_CASE("the page does not depend on the order in which cycles are recorded") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  const auto page_of = [&](const std::vector<std::string>& endpoints) {
    Instruments instruments(logger, threads, {.process = false, .many_engines = true});
    for (const auto& endpoint : endpoints) instruments.record_cycle(report(endpoint, 0.1));
    return instruments.render();
  };
  CHECK(page_of({"a", "b", "c", "d"}) == page_of({"d", "b", "a", "c"}));
}

TEST_CASE("log lines are counted by level, debug lines only if they are written") {
  Logger logger(LogLevel::info, LogFormat::logfmt, [](void*, std::string_view) {}, nullptr);
  const ThreadGuard threads(logger);
  const Instruments instruments(logger, threads, {.process = false});
  logger.warn("one");
  logger.warn("two");
  logger.debug("not written");
  const auto page = instruments.render();
  CHECK(value(page, "tidegauge_log_lines_total{level=\"warn\"}") == 2);
  CHECK(value(page, "tidegauge_log_lines_total{level=\"debug\"}") == 0);
}

TEST_CASE("suppressed and dropped log lines are counted separately") {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Logger logger(LogLevel::info, LogFormat::logfmt, full.get());
  const ThreadGuard threads(logger);
  const Instruments instruments(logger, threads, {.process = false});
  for (int i = 0; i < 50; ++i) logger.warn("the same");
  REQUIRE(logger.flush(10s));
  const auto page = instruments.render();
  CHECK(value(page, "tidegauge_log_lines_total{level=\"warn\"}") == 20);
  CHECK(value(page, "tidegauge_log_lines_suppressed_total") == 30);
  CHECK(value(page, "tidegauge_log_lines_dropped_total") >= 20);
}

TEST_CASE("failures of threads are counted by thread") {
  Logger logger(LogLevel::error, LogFormat::logfmt, [](void*, std::string_view) {}, nullptr);
  ThreadGuard threads(logger);
  const Instruments instruments(logger, threads, {.process = false});
  CHECK_THAT(instruments.render(), !contains("tidegauge_thread_failures_total{"));
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(threads.run_once("monitor", [] { throw std::bad_alloc(); }));
  }
  CHECK(value(instruments.render(), "tidegauge_thread_failures_total{thread=\"monitor\"}") == 2);
}

TEST_CASE("process metrics are those of this process") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  const Instruments instruments(logger, threads, {});
  const auto page = instruments.render();
  const auto fds = value(page, "process_open_fds");
  CHECK(fds >= 3);
  CHECK(value(page, "process_max_fds") >= fds);
  CHECK(value(page, "process_threads") >= 1);
  CHECK(value(page, "process_cpu_seconds_total") >= 0);
  CHECK(value(page, "process_resident_memory_bytes") > 1'000'000);
  CHECK(value(page, "process_virtual_memory_bytes") > value(page, "process_resident_memory_bytes"));
  const auto age = to_unix_seconds(wall_now()) - value(page, "process_start_time_seconds");
  CHECK(age > -2);  // the kernel tells its own start in whole seconds
  CHECK(age < 600);

  const UniqueFd one_more(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(value(instruments.render(), "process_open_fds") == fds + 1);
}

TEST_CASE("the process can be left out") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  CHECK_THAT(Instruments(logger, threads, {.process = false}).render(), !contains("process_"));
}

TEST_CASE("the version of the build is a label") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  CHECK_THAT(Instruments(logger, threads, {}).render(),
             contains("tidegauge_build_info{version=\""));
}
