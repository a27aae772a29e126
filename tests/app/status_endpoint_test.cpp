#include "app/status_endpoint.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "support/catch.h"
#include "support/log_capture.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;

namespace {

class Fixture {
 public:
  Fixture() { publish(); }

  void publish() {
    auto snapshot = std::make_shared<model::EngineSnapshot>();
    snapshot->endpoint = "local";
    snapshot->up = true;
    snapshot->published_at = published_ += 1s;
    model::Container container;
    container.name = name;
    container.labels = {{"listed", "shop"}, {"other", "secret"}};
    container.state = model::ContainerState::running;
    snapshot->containers.push_back({.container = std::make_shared<model::Container>(container)});
    snapshots = {snapshot};
    history.record(snapshots);
  }

  web::Response overview(const std::string& if_none_match = "",
                         const std::string& accept_encoding = "") {
    return endpoint.overview(
        {.path = "/", .accept_encoding = accept_encoding, .if_none_match = if_none_match},
        {.compression = config::Compression::always});
  }
  web::Response container(const std::string& path) const {
    return endpoint.container({.path = path}, {});
  }

 private:
  SteadyTime published_{};
  test::LogCapture log_;
  ThreadGuard guard_{log_.logger()};

 public:
  std::string name = "a/b?";
  model::Snapshot snapshots;
  status::History history;
  app::StatusEndpoint endpoint{sources(), history, guard_};

 private:
  app::StatusSources sources() {
    using Slots = std::vector<std::pair<std::string, std::vector<model::SlotStats>>>;
    return {.snapshots = [this] { return snapshots; },
            .pools = [] { return std::vector<model::PoolStats>{}; },
            .slots = [] { return Slots{}; },
            .greatest_age = [] { return SteadyTime::duration(1min); },
            .listed_labels = [] { return std::vector<std::string>{"listed"}; },
            .processes = [](const auto&) { return std::vector<std::string>{"nginx"}; },
            .read_log =
                [](const app::LogReader::Log& log, const std::stop_token&) {
                  return Result<std::vector<std::string>>(
                      {log.endpoint + " " + std::to_string(log.lines)});
                }};
  }
};

std::string body(web::Response response) {
  if (!response.next_piece) return response.body;
  std::string all;
  for (auto piece = response.next_piece(); !piece.empty(); piece = response.next_piece()) {
    all += piece;
  }
  return all;
}

std::string header(const web::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

}  // namespace

TEST_CASE("a page may load nothing but what the daemon serves, and is in no frame") {
  Fixture fixture;
  const auto response = fixture.overview();
  CHECK(response.content_type == "text/html; charset=utf-8");
  const auto policy = header(response, "Content-Security-Policy");
  CHECK(policy.starts_with("default-src 'none';"));
  CHECK_THAT(policy, contains("frame-ancestors 'none'"));
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(header(response, "X-Content-Type-Options") == "nosniff");
  CHECK_THAT(body(fixture.overview()), contains("data-page=\"overview\""));
}

TEST_CASE("a browser that has the overview gets it again after a snapshot was published") {
  Fixture fixture;
  const auto first = header(fixture.overview(), "ETag");
  REQUIRE_FALSE(first.empty());
  auto known = fixture.overview(first);
  CHECK(known.status == 304);
  CHECK(body(std::move(known)).empty());
  fixture.publish();
  const auto next = fixture.overview(first);
  CHECK(next.status == 200);
  CHECK(header(next, "ETag") != first);
}

TEST_CASE("a snapshot that has become stale is another page") {
  Fixture fixture;
  const auto first = header(fixture.overview(), "ETag");
  auto stale = std::make_shared<model::EngineSnapshot>(*fixture.snapshots.front());
  stale->stale = true;
  fixture.snapshots = {stale};
  CHECK(fixture.overview(first).status == 200);
}

TEST_CASE("browsers share the encoded overview until the next snapshot") {
  Fixture fixture;
  auto first = fixture.overview("", "gzip");
  CHECK(header(first, "Content-Encoding") == "gzip");
  const auto first_body = body(std::move(first));
  CHECK(first_body.starts_with("\x1f\x8b"));
  fixture.name = "another";  // which only a page that is rendered anew has
  CHECK(body(fixture.overview("", "gzip")) == first_body);
  fixture.publish();
  CHECK(body(fixture.overview("", "gzip")) != first_body);
  CHECK(fixture.overview("", "identity;q=0").status == 406);
}

TEST_CASE("a page is rendered when its first piece is asked for, and comes in small pieces") {
  Fixture fixture;
  auto response = fixture.overview();
  fixture.snapshots.clear();  // what is rendered is what was there when it was asked for
  std::size_t longest = 0;
  std::string all;
  for (auto piece = response.next_piece(); !piece.empty(); piece = response.next_piece()) {
    longest = std::max(longest, piece.size());
    all += piece;
  }
  CHECK(longest <= 32U * 1024);
  CHECK_THAT(all, contains("a/b?"));
  CHECK(all.ends_with("</html>"));
}

TEST_CASE("the page of a container is found by its Engine and name") {
  const Fixture fixture;
  CHECK_THAT(body(fixture.container("/containers/local/a/b?")), contains("<h1>a/b?</h1>"));
  for (const std::string path : {"/containers/", "/containers/local", "/containers/local/",
                                 "/containers/other/a/b?", "/containers/local/a"}) {
    CHECK(fixture.container(path).status == 404);
  }
}

TEST_CASE("the pool page is made anew for each client") {
  const Fixture fixture;
  const auto response = fixture.endpoint.pool({.path = "/pool"}, {});
  CHECK(header(response, "ETag").empty());
  CHECK(response.status == 200);
}

TEST_CASE("a user of this machine, or a known client, sees all labels, and a stranger few") {
  const Fixture fixture;
  const auto page = [&](bool is_local_user, bool is_trusted) {
    return body(fixture.endpoint.container({.path = "/containers/local/a/b?",
                                            .is_local = true,
                                            .is_local_user = is_local_user,
                                            .is_trusted = is_trusted},
                                           {}));
  };
  CHECK_THAT(page(true, false), contains("secret"));
  CHECK_THAT(page(false, true), contains("secret"));
  CHECK(page(false, false).find("secret") == std::string::npos);
  CHECK_THAT(page(false, false), contains("shop"));
}

TEST_CASE("processes are asked for where web.show_processes is on") {
  const Fixture fixture;
  const auto page = [&](bool show, bool is_local_user = true) {
    return body(fixture.endpoint.container(
        {.path = "/containers/local/a/b?", .is_local_user = is_local_user},
        {.show_processes = show}));
  };
  CHECK_THAT(page(true), contains("<li>nginx</li>"));
  CHECK(page(false).find("nginx") == std::string::npos);
  CHECK(page(true, false).find("nginx") == std::string::npos);
}

TEST_CASE("a log is read for a client where web.show_logs is on") {
  Fixture fixture;
  const auto ask = [&](const std::string& query, bool show = true,
                       const std::string& path = "/api/v1/logs/local/a/b?",
                       bool is_local_user = true) {
    std::promise<web::Response> promise;
    fixture.endpoint.log({.path = path, .query = query, .is_local_user = is_local_user},
                         {.show_logs = show},
                         [&](web::Response answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  };
  CHECK(ask("").body == "local 100\n");
  CHECK(ask("lines=7").body == "local 7\n");
  CHECK(ask("", false).status == 403);
  CHECK(ask("", true, "/api/v1/logs/local/a/b?", false).status == 403);
  CHECK(ask("", true, "/api/v1/logs/local/gone").status == 404);
  for (const std::string query : {"lines=0", "lines=1001", "lines=x", "lines=", "lines=-1"}) {
    CHECK(ask(query).status == 400);
  }
}
