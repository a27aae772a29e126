#include "app/run_end_json.h"

#include <limits>
#include <string>
#include <string_view>

#include "app/any_end.h"
#include "app/example_ends.h"
#include "support/catch.h"

using namespace tidegauge;
using app::RunEndForm;
using model::RunEnd;
using test::contains;
using test::error_of;
using test::oom_end;
using test::unknown_end;
using test::value_of;

namespace {

constexpr RunEndForm complete{.decimals = Decimals::nanoseconds, .log_lines = true};

std::string written(const RunEnd& end, const RunEndForm& form = complete,
                    std::string_view endpoint = "") {
  std::string out;
  json::Writer writer(out);
  app::write_run_end(writer, endpoint, end, form);
  return out;
}

Result<RunEnd> read(const std::string& text) {
  const auto document = json::Document::parse(text);
  if (!document) return fail(document.error());
  return app::read_run_end(document->root());
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), by);
}

}  // namespace

TEST_CASE("the end of a run is an object with all that is known of it") {
  CHECK(
      written(oom_end(), {.log_lines = true}, "local") ==
      R"({"endpoint":"local","number":7,"name":"web","id":")" + std::string(64, 'a') +
          R"(","image":"nginx:1.25","image_id":"sha256:)" + std::string(64, 'b') +
          R"(","project":"shop","service":"frontend",)"
          R"("started_at":"2026-11-29T06:50:11.300Z","ended_at":"2026-11-29T10:02:11.423Z",)"
          R"("duration_seconds":11520.123456789,"exit_code":137,"signal":"SIGKILL","cause":"oom",)"
          R"("evidence":[{"at":"2026-11-29T10:02:11.300Z","source":"kernel",)"
          R"("text":"memory limit of 64 MiB hit, 1 process killed"},)"
          R"({"at":"2026-11-29T10:02:11.400Z","source":"Engine","text":"die, exit code 137"},)"
          R"({"at":"2026-11-29T10:02:12.400Z","source":"tidegauge",)"
          R"("text":"restarted by its policy, attempt 3"}],"memory_limit_bytes":67108864,)"
          R"("use":{"read_at":"2026-11-29T10:02:11.305Z","is_final":true,"cpu_seconds":12.25,)"
          R"("memory_bytes":1048576,"memory_peak_bytes":67108864},"aftermath":"restarted",)"
          R"("log_lines":["allocating","allocating more"]})");
}

TEST_CASE("what is not known of an end is absent") {
  CHECK(written(unknown_end(), {}) ==
        R"({"number":8,"name":"job","ended_at":"2026-11-29T10:03:11.300Z","cause":"unknown",)"
        R"("evidence":[]})");
}

TEST_CASE("lines of the log are written only where that is asked for") {
  CHECK_THAT(written(oom_end(), {.log_lines = true}), contains("allocating"));
  CHECK_THAT(written(oom_end(), {.log_lines = false}), !contains("allocating"));
}

TEST_CASE("an end that is written with nanoseconds and its log reads back as the same") {
  CHECK(value_of(read(written(oom_end()))) == oom_end());
  CHECK(value_of(read(written(unknown_end()))) == unknown_end());
  CHECK(rc::check([] {
    const auto end = test::any_end();
    const auto again = read(written(end));
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == end);
  }));
}

TEST_CASE("a text of invalid UTF-8 is written as valid UTF-8") {
  auto end = unknown_end();
  end.name = "a\xff";
  CHECK(value_of(read(written(end))).name == "a\\xff");
}

TEST_CASE("a member that is missing or of a wrong type is named") {
  const auto text = written(oom_end());
  const auto message = [&](const std::string& part, const std::string& by) {
    return error_of(read(replaced(text, part, by))).message;
  };
  CHECK_THAT(message("\"cause\"", "\"kause\""), contains("cause is missing"));
  CHECK_THAT(message("\"number\":7,", ""), contains("number is missing"));
  CHECK_THAT(message("\"ended_at\"", "\"e\""), contains("ended_at is missing"));
  CHECK_THAT(message("\"oom\"", "\"doom\""), contains("cause is no cause"));
  CHECK_THAT(message("\"SIGKILL\"", "\"SIGKILLED\""), contains("signal is no signal"));
  CHECK_THAT(message("\"SIGKILL\"", "9"), contains("signal is no signal"));
  CHECK_THAT(message("\"restarted\"", "\"rested\""), contains("aftermath is no aftermath"));
  CHECK_THAT(message("\"name\":\"web\"", "\"name\":1"), contains("name is no text"));
  CHECK_THAT(message("137,", "\"137\","), contains("exit_code is no whole number"));
  CHECK_THAT(message("67108864,", "-1,"), contains("memory_limit_bytes is no count"));
  CHECK_THAT(message("\"started_at\":\"2026", "\"started_at\":\"x"), contains("started_at is no"));
  CHECK_THAT(message("\"kernel\"", "\"colonel\""), contains("evidence: source is no source"));
  CHECK_THAT(message("\"at\":", "\"at_\":"), contains("evidence: at is missing"));
  CHECK_THAT(message("\"is_final\":true", "\"is_final\":1"), contains("use: is_final is neither"));
  CHECK_THAT(message("12.25", "\"12.25\""), contains("use: cpu_seconds is no number"));
  CHECK_THAT(message("[\"allocating\"", "[1"), contains("log_lines: an element is no text"));
  CHECK_THAT(error_of(read("[]")).message, contains("is no object"));
  CHECK_THAT(error_of(read(replaced(written(unknown_end()), "[]", "{}"))).message,
             contains("evidence is no list"));
}

TEST_CASE("a member that nobody knows is left alone") {
  CHECK(value_of(read(replaced(written(oom_end()), "{", "{\"mood\":\"good\","))) == oom_end());
}

TEST_CASE("a number that JSON does not have is absent") {
  auto end = oom_end();
  end.use->cpu_seconds = std::numeric_limits<double>::infinity();
  CHECK_FALSE(value_of(read(written(end))).use->cpu_seconds);
}
