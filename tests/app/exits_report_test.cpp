#include "app/exits_report.h"

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "app/example_ends.h"
#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using app::ExitsAnswer;
using app::ListedExit;
using model::EndCause;
using model::RunEnd;
using test::contains;
using test::error_of;
using test::example_time;
using test::oom_end;
using test::unknown_end;
using test::value_of;
using Source = model::Evidence::Source;

namespace {

std::tm utc(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return parts;
}

const app::ReportStyle style{.local_time = utc};

std::string table(std::vector<ListedExit> newest_first, const app::ReportStyle& of = style) {
  return app::exits_table({.exits = std::move(newest_first)}, of);
}

std::string details(RunEnd end) {
  return app::exits_in_detail({.exits = {{"local", std::move(end)}}}, style);
}

std::string reason(RunEnd end) {
  return app::short_reason(end);
}

std::size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

}  // namespace

TEST_CASE("the table has a row for each end, the newest last, and a line for each day") {
  auto earlier = unknown_end();
  earlier.ended_at = example_time - 24h;
  earlier.exit_code = 3;
  earlier.cause = EndCause::error;
  earlier.started_at = earlier.ended_at - 2100ms;
  CHECK(
      table({{"local", unknown_end()}, {"local", oom_end()}, {"local", earlier}}) ==
      "TIME      CONTAINER  CAUSE    WHY                                      RAN     PEAK/LIMIT  "
      "THEN\n"
      "2026-11-28 (GMT)\n"
      "10:02:11  job        error    exit code 3                              2.1s\n"
      "2026-11-29 (GMT)\n"
      "10:02:11  web        oom      memory limit of 64 MiB hit, 1 process    3h 12m  64M/64M     "
      "restarted\n"
      "                              killed\n"
      "10:03:11  job        unknown  events were missed                       ?\n");
}

TEST_CASE("the table names the Engine where there are several") {
  const app::ReportStyle several{.names_endpoints = true, .local_time = utc};
  CHECK_THAT(table({{"remote", unknown_end()}}, several), contains("remote/job"));
}

TEST_CASE("no line is longer than a terminal of 100 columns, whatever the texts are") {
  auto end = oom_end();
  end.name = std::string(300, 'n');
  end.cause = EndCause::not_started;
  end.evidence = {
      {.at = example_time, .source = Source::engine, .text = std::string(5'000, 'e')},
      {.at = example_time, .source = Source::kernel, .text = "a " + std::string(150, 'k')}};
  end.log_lines = {std::string(500, 'l')};
  end.started_at = example_time - 24h * 9'999;
  end.memory_limit_bytes = end.use->memory_peak_bytes = 1023U << 20U;
  end.aftermath = model::Aftermath::restarted;
  CHECK(longest_line(table({{"local", end}})) <= 100);
  CHECK(longest_line(details(end)) <= 100);
}

TEST_CASE("the details of an end are what it used, the evidence in order, and its log") {
  CHECK(details(oom_end()) ==
        "2026-11-29 (GMT) 10:02:11  web: oom, memory limit of 64 MiB hit, 1 process killed\n"
        "  nginx:1.25\n"
        "  ran 3h 12m, exit code 137 (SIGKILL), memory 64M/64M, CPU 12s, restarted\n"
        "  10:02:11.3 kernel: memory limit of 64 MiB hit, 1 process killed\n"
        "  10:02:11.4 Engine: die, exit code 137\n"
        "  10:02:12.4 tidegauge: restarted by its policy, attempt 3\n"
        "  the last lines of its log:\n"
        "    | allocating\n"
        "    | allocating more\n");
  CHECK(details(unknown_end()) ==
        "2026-11-29 (GMT) 10:03:11  job: unknown, events were missed\n"
        "  ran for a time not known, exit code not known\n");
}

TEST_CASE("evidence of another day than the end has its day") {
  auto end = unknown_end();
  end.evidence = {{.at = example_time - 24h, .source = Source::engine, .text = "stop"}};
  CHECK_THAT(details(end), contains("  2026-11-28 10:02:11.3 Engine: stop\n"));
}

TEST_CASE("several ends are several paragraphs, and a note says that older ones are left out") {
  const auto text = app::exits_in_detail(
      {.exits = {{"local", unknown_end()}, {"local", oom_end()}}, .has_more = true}, style);
  CHECK_THAT(text,
             contains("(the newest 2; older ones are left out)\n\n2026-11-29 (GMT) 10:02:11  web"));
  CHECK_THAT(text, contains("allocating more\n\n2026-11-29 (GMT) 10:03:11  job"));
}

TEST_CASE("what a container has written cannot command the terminal") {
  auto end = oom_end();
  end.name = "a\x1b[31m\u202e";
  end.image = "i\x1b]0;title\x07";
  end.evidence.front().text = "killed\r\x1b[2J";
  end.log_lines = {"\x1b[1mbold\x9b"};
  const auto text = table({{"local", end}}) + details(end);
  CHECK(std::ranges::none_of(text, [](char c) {
    return c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == '\x7f' || c == '\x9b');
  }));
  CHECK_THAT(text, contains("a\\x1b[31m\\u202e") && contains("i\\x1b]0;title\\x07") &&
                       contains("killed\\x0d\\x1b[2J") && contains("\\x1b[1mbold"));
}

TEST_CASE("each cause has a reason in a few words") {
  const auto of = [](EndCause cause, std::optional<int> exit_code = {},
                     std::optional<int> signal = {}) {
    return reason({.exit_code = exit_code, .signal = signal, .cause = cause});
  };
  CHECK(of(EndCause::completed, 0) == "exit code 0, nobody asked");
  CHECK(of(EndCause::stopped, 0, 15) == "asked to stop");
  CHECK(of(EndCause::stopped, 143, 15) == "asked to stop");
  CHECK(of(EndCause::stopped, 137, 9) == "asked to stop, needed SIGKILL");
  CHECK(of(EndCause::killed, 137, 9) == "asked to kill it, SIGKILL");
  CHECK(of(EndCause::killed, 137) == "asked to kill it");
  CHECK(reason(oom_end()) == "memory limit of 64 MiB hit, 1 process killed");
  CHECK(of(EndCause::oom, 137, 9) == "its memory limit was hit");
  CHECK(of(EndCause::host_oom, 137, 9) == "killed for memory, its own limit was not hit");
  CHECK(of(EndCause::signal, 139, 11) == "SIGSEGV");
  CHECK(of(EndCause::error, 3) == "exit code 3");
  CHECK(of(EndCause::not_started, 127) == "exit code 127");
  CHECK(reason({.cause = EndCause::not_started,
                .evidence = {{.source = Source::engine, .text = "no such file"}}}) ==
        "no such file");
  CHECK(of(EndCause::engine) == "ended together with its Engine");
  CHECK(of(EndCause::unknown) == "events were missed");
  CHECK(of(EndCause::unknown, 1) == "events were missed, exit code 1");
}

TEST_CASE("durations and sizes are as short as they can be read") {
  const auto row = [](std::chrono::nanoseconds ran, std::uint64_t peak) {
    auto end = unknown_end();
    end.started_at = end.ended_at - ran;
    end.use = model::RunUse{.memory_peak_bytes = peak};
    const auto text = table({{"local", end}});
    const auto at = text.find("events were missed") + 18;
    return text.substr(at, text.size() - at - 1);
  };
  CHECK(row(0ns, 0) == "  0.0s  0");
  CHECK(row(9'900ms, 1023) == "  9.9s  1023");
  CHECK(row(59'900ms, 1024) == "  59s  1K");
  CHECK(row(60s, 1536) == "  1m 0s  1.5K");
  CHECK(row(23h + 59min, std::uint64_t{64} << 20U) == "  23h 59m  64M");
  CHECK(row(51h, std::uint64_t{5} << 60U) == "  2d 3h  5E");
}

TEST_CASE("memory in use stands for a peak that is not known, and a limit for itself") {
  auto end = unknown_end();
  end.memory_limit_bytes = 1U << 30U;
  CHECK_THAT(details(end), contains("memory ?/1G"));
  end.use = model::RunUse{.memory_bytes = 1U << 20U};
  CHECK_THAT(details(end), contains("memory 1M/1G"));
}

TEST_CASE("the answer of a daemon is read with its Engines") {
  const auto answer = value_of(
      app::read_exits(R"({"exits":[{"endpoint":"local","number":1,"name":"a","cause":"oom",)"
                      R"("ended_at":"2026-11-29T10:02:11.300Z"}],"more":true})"));
  CHECK(answer.has_more);
  REQUIRE(answer.exits.size() == 1);
  CHECK(answer.exits.front().endpoint == "local");
  CHECK(answer.exits.front().end ==
        RunEnd{.number = 1, .name = "a", .ended_at = example_time, .cause = EndCause::oom});
}

TEST_CASE("an answer that is none is an error") {
  CHECK(error_of(app::read_exits("<html>")).code == Errc::bad_reply);
  CHECK_THAT(error_of(app::read_exits("{}")).message, contains("exits is no list"));
  CHECK_THAT(error_of(app::read_exits(R"({"exits":[],"more":1})")).message, contains("more is"));
  CHECK_THAT(error_of(app::read_exits(R"({"exits":[{}]})")).message, contains("number is missing"));
}
