#include "app/lifecycle_json.h"

#include <string>

#include "app/any_state.h"
#include "app/example_ends.h"
#include "support/catch.h"

using namespace tidegauge;
using model::Lifecycle;
using test::contains;
using test::error_of;
using test::value_of;

namespace {

std::string written(const std::string& name, const Lifecycle& lifecycle) {
  std::string out;
  json::Writer writer(out);
  app::write_lifecycle(writer, name, lifecycle);
  return out;
}

Result<std::pair<std::string, Lifecycle>> read(const std::string& text) {
  return app::read_lifecycle(value_of(json::Document::parse(text)).root());
}

Lifecycle example() {
  return {.counted_since = test::example_time,
          .restarts = 3,
          .oom_events = 1,
          .exits = {0, 2},
          .health_transitions = {0, 0, 0, 4},
          .last_exit_at = test::example_time,
          .last_run = model::LastRun{.cause = model::EndCause::oom,
                                     .signal = 9,
                                     .duration_seconds = 1.5,
                                     .cpu_seconds = 0.25,
                                     .memory_peak_bytes = 4096},
          .finished_runs = {.count = 2, .cpu_seconds = 0.5, .duration_seconds = 3}};
}

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), by);
}

}  // namespace

TEST_CASE("counts are written by the names of what they count, without those that are 0") {
  CHECK_THAT(written("web", example()),
             contains(R"({"name":"web","counted_since":"2026-11-29T10:02:11.300000000Z",)"
                      R"("restarts":3,"oom_events":1,"exits":{"stopped":2},)"
                      R"("health_transitions":{"unhealthy":4},)"
                      R"("last_exit_at":"2026-11-29T10:02:11.300000000Z",)"
                      R"("last_run":{"cause":"oom","signal":"SIGKILL","duration_seconds":1.5,)"
                      R"("cpu_seconds":0.25,"memory_peak_bytes":4096},)"
                      R"("finished_runs":{"count":2,"cpu_seconds":0.5,"duration_seconds":3}})"));
}

TEST_CASE("counts that are written read back as the same") {
  CHECK(value_of(read(written("web", example()))) ==
        std::pair<std::string, Lifecycle>("web", example()));
  CHECK(rc::check([] {
    const auto [name, lifecycle] = test::any_lifecycle();
    const auto again = read(written(name, lifecycle));
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->first == name);
    RC_ASSERT(again->second == lifecycle);
  }));
}

TEST_CASE("a count of a name without a meaning is left alone") {
  CHECK(value_of(
            read(replaced(written("web", example()), "{\"stopped\"", "{\"boredom\":7,\"stopped\"")))
            .second == example());
}

TEST_CASE("a member of counts that is missing or of a wrong type is named") {
  const auto text = written("web", example());
  const auto message = [&](const std::string& part, const std::string& by) {
    return error_of(read(replaced(text, part, by))).message;
  };
  CHECK_THAT(message("\"name\":\"web\",", ""), contains("name is missing"));
  CHECK_THAT(message("\"restarts\"", "\"r\""), contains("restarts is missing"));
  CHECK_THAT(message("\"counted_since\"", "\"c\""), contains("counted_since is missing"));
  CHECK_THAT(message("\"restarts\":3", "\"restarts\":-3"), contains("restarts is no count"));
  CHECK_THAT(message("{\"stopped\":2}", "{\"stopped\":\"2\"}"),
             contains("exits stopped is no count"));
  CHECK_THAT(message("{\"stopped\":2}", "[2]"), contains("exits is no object"));
  CHECK_THAT(message("\"cause\":\"oom\"", "\"cause\":\"x\""), contains("last_run: cause is no"));
  CHECK_THAT(message("\"count\":2", "\"count\":2.5"), contains("finished_runs: count is no count"));
  CHECK_THAT(message("\"cpu_seconds\":0.5", "\"cpu_seconds\":-1"), contains("a sum is negative"));
}
