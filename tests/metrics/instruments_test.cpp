#include "tidegauge/metrics/instruments.h"

#include <fcntl.h>

#include <chrono>
#include <new>
#include <string>
#include <vector>

#include "metrics/text_format.h"
#include "support/catch.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using metrics::Instruments;
using test::contains;

namespace {

std::string render(const Instruments& instruments) {
  metrics::TextWriter writer;
  instruments.write(writer);
  return writer.out();
}

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
  const auto page = render(instruments);
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
  const auto page = render(instruments);
  CHECK(value(page, "tidegauge_sample_latency_max_seconds_count{endpoint=\"a\"}") == 1);
  CHECK(value(page, "tidegauge_cycle_errors_total{endpoint=\"b\",step=\"stats\"}") == 2);
}

TEST_CASE("the page does not depend on the order in which cycles are recorded") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  const auto page_of = [&](const std::vector<std::string>& endpoints) {
    Instruments instruments(
        logger, threads, {.process = false, .many_engines = true, .started_at = WallTime(1'000s)});
    for (const auto& endpoint : endpoints) instruments.record_cycle(report(endpoint, 0.1));
    return render(instruments);
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
  const auto page = render(instruments);
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
  const auto page = render(instruments);
  CHECK(value(page, "tidegauge_log_lines_total{level=\"warn\"}") == 20);
  CHECK(value(page, "tidegauge_log_lines_suppressed_total") == 30);
  CHECK(value(page, "tidegauge_log_lines_dropped_total") >= 20);
}

TEST_CASE("failures of threads are counted by thread") {
  Logger logger(LogLevel::error, LogFormat::logfmt, [](void*, std::string_view) {}, nullptr);
  ThreadGuard threads(logger);
  const Instruments instruments(logger, threads, {.process = false});
  CHECK_THAT(render(instruments), !contains("tidegauge_thread_failures_total{"));
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(threads.run_once("monitor", [] { throw std::bad_alloc(); }));
  }
  CHECK(value(render(instruments), "tidegauge_thread_failures_total{thread=\"monitor\"}") == 2);
}

TEST_CASE("process metrics are those of this process") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  const Instruments instruments(logger, threads, {});
  const auto page = render(instruments);
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
  CHECK(value(render(instruments), "process_open_fds") == fds + 1);
}

TEST_CASE("the process can be left out") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  CHECK_THAT(render(Instruments(logger, threads, {.process = false})), !contains("process_"));
}

TEST_CASE("the version of the build is a label") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  CHECK_THAT(render(Instruments(logger, threads, {})), contains("tidegauge_build_info{version=\""));
}

TEST_CASE("requests are counted by path and code, bytes by encoding, and durations by path") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  Instruments instruments(logger, threads, {.process = false});
  instruments.record_request({"/metrics", 200, 0.004, "gzip", 500});
  instruments.record_request({"/metrics", 200, 0.3, "identity", 4'000});
  instruments.record_request({"other", 404, 0.0001, "identity", 10});
  instruments.record_web_load(7, 2);
  instruments.record_history(123'456);
  const auto page = render(instruments);
  CHECK(value(page, "tidegauge_http_requests_total{code=\"200\",path=\"/metrics\"}") == 2);
  CHECK(value(page, "tidegauge_http_requests_total{code=\"404\",path=\"other\"}") == 1);
  CHECK(value(page, "tidegauge_http_response_bytes_total{encoding=\"gzip\"}") == 500);
  CHECK(value(page, "tidegauge_http_response_bytes_total{encoding=\"identity\"}") == 4'010);
  CHECK(value(page, "tidegauge_http_request_duration_seconds_count{path=\"/metrics\"}") == 2);
  CHECK(value(page, "tidegauge_http_request_duration_seconds_sum{path=\"/metrics\"}") ==
        test::Approx(0.304));
  CHECK(value(page, "tidegauge_http_connections") == 7);
  CHECK(value(page, "tidegauge_http_requests_in_flight") == 2);
  CHECK(value(page, "tidegauge_history_bytes") == 123'456);
}

TEST_CASE("reasons have a series from the start, and unknown reasons share one") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  Instruments instruments(logger, threads, {.process = false});
  const auto before = render(instruments);
  for (const auto* reason : {"evicted", "head_timeout", "idle_timeout", "slow_reader", "refused"}) {
    const auto series =
        "tidegauge_http_connections_closed_total{reason=\"" + std::string(reason) + "\"}";
    CHECK(value(before, series) == 0);
    instruments.record_closed_connection(reason);
    CHECK(value(render(instruments), series) == 1);
  }
  for (const auto* reason : {"no_credentials", "wrong_credentials", "busy"}) {
    const auto series =
        "tidegauge_http_authentication_failures_total{reason=\"" + std::string(reason) + "\"}";
    CHECK(value(before, series) == 0);
    instruments.record_authentication_failure(reason);
    CHECK(value(render(instruments), series) == 1);
  }
  instruments.record_closed_connection("one");
  instruments.record_closed_connection("two");
  instruments.record_rate_limited_request();
  const auto page = render(instruments);
  CHECK(value(page, "tidegauge_http_connections_closed_total{reason=\"other\"}") == 2);
  CHECK(value(page, "tidegauge_http_requests_rate_limited_total") == 1);
}

TEST_CASE("a failed reload leaves the time of the last successful one") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  Instruments instruments(logger, threads, {.process = false, .started_at = WallTime(1'000s)});
  const auto shows = [&](double successful, double seconds) {
    const auto page = render(instruments);
    CHECK(value(page, "tidegauge_config_last_reload_successful") == successful);
    CHECK(value(page, "tidegauge_config_last_reload_success_timestamp_seconds") == seconds);
  };
  shows(1, 1'000);
  instruments.record_reload(metrics::ReloadOutcome::failed, WallTime(2'000s));
  shows(0, 1'000);
  instruments.record_reload(metrics::ReloadOutcome::succeeded, WallTime(3'000s));
  shows(1, 3'000);
}

TEST_CASE("a broken web configuration file shows") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  Instruments instruments(logger, threads, {.process = false});
  CHECK(value(render(instruments), "tidegauge_web_config_valid") == 1);
  instruments.record_web_config(metrics::WebConfigState::outdated);
  CHECK(value(render(instruments), "tidegauge_web_config_valid") == 0);
  instruments.record_web_config(metrics::WebConfigState::current);
  CHECK(value(render(instruments), "tidegauge_web_config_valid") == 1);
}

TEST_CASE(
    "the counts of cycles go on when endpoints come and go, with the label if there are several") {
  Logger logger(LogLevel::error);
  const ThreadGuard threads(logger);
  Instruments instruments(logger, threads, {.process = true});
  instruments.record_cycle(report("a", 0.1));
  CHECK_THAT(render(instruments), contains("\nprocess_"));
  instruments.reconfigure(metrics::ProcessMetrics::absent, {"a", "b"});
  instruments.record_cycle(report("a", 0.1));
  instruments.record_cycle(report("b", 0.1));
  const auto both = render(instruments);
  CHECK(value(both, "tidegauge_cycle_errors_total{endpoint=\"a\",step=\"stats\"}") == 4);
  CHECK(value(both, "tidegauge_sample_latency_max_seconds_count{endpoint=\"a\"}") == 2);
  CHECK_THAT(both, !contains("tidegauge_cycle_errors_total{step=") && !contains("\nprocess_"));
  instruments.reconfigure(metrics::ProcessMetrics::shown, {"b"});
  const auto last = render(instruments);
  CHECK(value(last, "tidegauge_cycle_errors_total{step=\"stats\"}") == 2);
  CHECK_THAT(last, !contains("endpoint=\"") && contains("\nprocess_"));
}
