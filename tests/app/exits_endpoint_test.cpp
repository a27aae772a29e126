#include "app/exits_endpoint.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "app/example_ends.h"
#include "support/catch.h"
#include "tidegauge/json/reader.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::EndCause;
using test::contains;
using test::example_time;
using test::snapshot_with;

namespace {

model::RunEnd end_of(std::string name, std::chrono::seconds after, EndCause cause) {
  return {.name = std::move(name), .ended_at = example_time + after, .cause = cause};
}

/// On two Engines, from the oldest to the newest: b, a, c, a.
model::Snapshot two_engines() {
  return {
      snapshot_with("local", {end_of("a", 20s, EndCause::error), end_of("a", 40s, EndCause::oom)}),
      snapshot_with("remote",
                    {end_of("b", 10s, EndCause::error), end_of("c", 30s, EndCause::completed)})};
}

std::string body(web::Response response) {
  std::string all;
  for (auto piece = response.next_piece(); !piece.empty(); piece = response.next_piece()) {
    all += piece;
  }
  return all;
}

std::string get(const std::string& query, const model::Snapshot& engines = two_engines()) {
  return body(app::answer_exits({.query = query}, engines));
}

/// "remote/c" for each end of the page, in its order.
std::vector<std::string> found(const std::string& query) {
  const auto document = test::value_of(json::Document::parse_object(get(query)));
  std::vector<std::string> all;
  for (const auto exit : document.root()["exits"].elements()) {
    all.push_back(exit["endpoint"].text() + '/' + exit["name"].text());
  }
  return all;
}

using Found = std::vector<std::string>;

}  // namespace

TEST_CASE("the ends of all Engines are shown, the newest first") {
  CHECK(found("") == Found{"local/a", "remote/c", "local/a", "remote/b"});
}

TEST_CASE("where nothing has ended the list is empty") {
  const auto no_ends = std::make_shared<model::EngineSnapshot>();
  CHECK(get("", {no_ends}) == "{\"exits\":[],\"more\":false}\n");
  const auto response = app::answer_exits({}, {no_ends});
  CHECK(response.status == 200);
  CHECK(response.content_type == "application/json");
}

TEST_CASE("a filter takes ends by name, Engine and cause, each several times") {
  CHECK(found("name=a") == Found{"local/a", "local/a"});
  CHECK(found("name=b&name=c") == Found{"remote/c", "remote/b"});
  CHECK(found("name=A").empty());
  CHECK(found("endpoint=remote") == Found{"remote/c", "remote/b"});
  CHECK(found("endpoint=remote&endpoint=local").size() == 4);
  CHECK(found("cause=error") == Found{"local/a", "remote/b"});
  CHECK(found("cause=error&cause=oom&name=a") == Found{"local/a", "local/a"});
  CHECK(found("cause=error&endpoint=remote&name=b") == Found{"remote/b"});
}

TEST_CASE("a filter takes ends by time, both limits included") {
  // 20 s and 30 s after the example's time.
  CHECK(found("since=2026-11-29T10:02:31.3Z") == Found{"local/a", "remote/c", "local/a"});
  CHECK(found("until=2026-11-29T10:02:41.3Z") == Found{"remote/c", "local/a", "remote/b"});
  CHECK(found("since=1795946551.3&until=1795946561.3") == Found{"remote/c", "local/a"});
  CHECK(found("since=1795946552&until=1795946561") == Found{});
  CHECK(found("since=2026-11-29T11:02:31.3%2B01:00") == found("since=2026-11-29T10:02:31.3Z"));
  CHECK(found("since=2026-11-29T11:02:31.3+01:00") == found("since=2026-11-29T10:02:31.3Z"));
}

TEST_CASE("the page says whether there are more ends than it shows") {
  CHECK(found("limit=2") == Found{"local/a", "remote/c"});
  CHECK_THAT(get("limit=3"), contains("\"more\":true"));
  CHECK_THAT(get("limit=4"), contains("\"more\":false"));
}

TEST_CASE("a hundred ends are shown unless another limit is given") {
  std::vector<model::RunEnd> ends(101, end_of("a", 0s, EndCause::error));
  const model::Snapshot engines{snapshot_with("local", ends)};
  const auto shown = [&](const std::string& query) {
    const auto page = get(query, engines);
    std::size_t count = 0;
    for (auto at = page.find("\"cause\""); at != std::string::npos;
         at = page.find("\"cause\"", at + 1)) {
      ++count;
    }
    return count;
  };
  CHECK(shown("") == 100);
  CHECK(shown("limit=1000") == 101);
}

TEST_CASE("a bad filter is status 400 and a line that says what the parameter takes") {
  const auto refusal = [](const std::string& query) {
    const auto response = app::answer_exits({.query = query}, two_engines());
    CHECK(response.status == 400);
    CHECK(response.body.ends_with('\n'));
    return response.body;
  };
  CHECK(refusal("limit=0") == "limit takes a number from 1 to 1000\n");
  CHECK(refusal("limit=1001") == "limit takes a number from 1 to 1000\n");
  CHECK(refusal("limit=5x") == "limit takes a number from 1 to 1000\n");
  CHECK(refusal("limit=") == "limit takes a number from 1 to 1000\n");
  CHECK(refusal("cause=died") ==
        "cause takes one of completed, stopped, killed, oom, host_oom, signal, error, "
        "not_started, engine, unknown\n");
  CHECK(refusal("endpoint=elsewhere") == "endpoint takes one of local, remote\n");
  CHECK(refusal("name=") == "name takes the name of a container\n");
  for (const auto* time : {"yesterday", "", "-1", "nan", "inf", "1e300", "2026-11-29"}) {
    CHECK(refusal("since=" + std::string(time)) ==
          "since takes Unix seconds, or a time as 2026-11-29T10:02:11Z\n");
    CHECK_THAT(refusal("until=" + std::string(time)), contains("until takes Unix seconds"));
  }
  CHECK_THAT(refusal("nmae=web"), contains("nmae: there is no such parameter; there are name, "));
  CHECK_THAT(refusal("name=%zz"), contains("hexadecimal"));
  CHECK_THAT(refusal("%1b%5b31m=1"), !contains("\x1b"));
}

TEST_CASE("only a client that is trusted gets the lines of a log") {
  const model::Snapshot engines{snapshot_with("local", {test::oom_end()})};
  CHECK_THAT(body(app::answer_exits({.is_trusted = true}, engines)), contains("allocating"));
  CHECK_THAT(body(app::answer_exits({.is_trusted = false}, engines)), !contains("allocating"));
}
