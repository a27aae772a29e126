#include "tidegauge/metrics/instruments.h"

#include <fcntl.h>

#include <chrono>
#include <string>

#include "support/catch.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using metrics::Instruments;
using test::contains;

namespace {

/// The value of the series that begins with `series`.
double value(const std::string& page, const std::string& series) {
  const auto begin = page.find("\n" + series + " ");
  if (begin == std::string::npos) FAIL("no " << series << " in\n" << page);
  return std::stod(page.substr(begin + series.size() + 2));
}

monitor::CycleReport report(const std::string& endpoint, double seconds) {
  return {.endpoint = endpoint,
          .duration = std::chrono::duration<double>(seconds),
          .list_errors = 1,
          .inspect_errors = 0,
          .stats_errors = 2};
}

}  // namespace

TEST_CASE("cycles are timed and their errors counted by step") {
  const Logger logger(LogLevel::error);
  Instruments instruments(logger, {.process = false});
  instruments.cycle_finished(report("local", 0.003));
  instruments.cycle_finished(report("local", 0.3));
  const auto page = instruments.render();
  CHECK(value(page, "tidegauge_cycle_duration_seconds_count") == 2);
  CHECK(value(page, "tidegauge_cycle_duration_seconds_sum") == test::Approx(0.303));
  CHECK(value(page, "tidegauge_cycle_duration_seconds_bucket{le=\"0.01\"}") == 1);
  CHECK(value(page, "tidegauge_cycle_errors_total{step=\"list\"}") == 2);
  CHECK(value(page, "tidegauge_cycle_errors_total{step=\"inspect\"}") == 0);
  CHECK(value(page, "tidegauge_cycle_errors_total{step=\"stats\"}") == 4);
}

TEST_CASE("with several Engines the cycles of each are apart") {
  const Logger logger(LogLevel::error);
  Instruments instruments(logger, {.process = false, .many_engines = true});
  instruments.cycle_finished(report("a", 0.1));
  instruments.cycle_finished(report("b", 0.1));
  const auto page = instruments.render();
  CHECK(value(page, "tidegauge_cycle_duration_seconds_count{endpoint=\"a\"}") == 1);
  CHECK(value(page, "tidegauge_cycle_errors_total{endpoint=\"b\",step=\"stats\"}") == 2);
}

TEST_CASE("log lines are counted by level, those of level debug only when they are written") {
  Logger logger(LogLevel::info, LogFormat::logfmt, [](void*, std::string_view) {}, nullptr);
  const Instruments instruments(logger, {.process = false});
  logger.warn("one");
  logger.warn("two");
  logger.debug("not written");
  const auto page = instruments.render();
  CHECK(value(page, "tidegauge_log_lines_total{level=\"warn\"}") == 2);
  CHECK(value(page, "tidegauge_log_lines_total{level=\"debug\"}") == 0);
}

TEST_CASE("the process is described by the kernel") {
  const Logger logger(LogLevel::error);
  const Instruments instruments(logger, {});
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
  const Logger logger(LogLevel::error);
  CHECK_THAT(Instruments(logger, {.process = false}).render(), !contains("process_"));
}

TEST_CASE("the version of the build is a label") {
  const Logger logger(LogLevel::error);
  CHECK_THAT(Instruments(logger, {}).render(), contains("tidegauge_build_info{version=\""));
}
