#include "app/exits_command.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/example_ends.h"
#include "app/exits_endpoint.h"
#include "support/catch.h"
#include "support/http_server.h"
#include "support/temporary_directory.h"
#include "tidegauge/util/guarded.h"

using namespace tidegauge;
using test::contains;
using test::error_of;
using test::value_of;

namespace {

constexpr std::string_view nothing = "{\"exits\":[],\"more\":false}\n";

/// A daemon's private socket, which answers each request with the same.
class Daemon {
 public:
  Daemon(int status, std::string body)
      : server_(directory_.file("health.sock"),
                [this, status, body = std::move(body)](const auto& request, auto& exchange) {
                  targets_.with([&](auto& targets) { targets.push_back(request.target); });
                  exchange.reply(status, {}, body);
                }) {}

  [[nodiscard]] config::Config config() const {
    config::Config config;
    config.path.runtime = directory_.path();
    return config;
  }
  [[nodiscard]] std::vector<std::string> targets() const {
    return targets_.with([](const auto& targets) { return targets; });
  }

 private:
  Guarded<std::vector<std::string>> targets_;
  const test::TemporaryDirectory directory_;
  test::HttpServer server_;
};

/// What the real daemon answers for these ends, the oldest first.
std::string answer_with(std::vector<model::RunEnd> ends) {
  auto response =
      app::answer_exits({.is_trusted = true}, {test::snapshot_with("local", std::move(ends))});
  std::string body;
  for (auto piece = response.next_piece(); !piece.empty(); piece = response.next_piece()) {
    body += piece;
  }
  return body;
}

}  // namespace

TEST_CASE("without a name the ends of all containers are a table") {
  const Daemon daemon(200, answer_with({test::oom_end(), test::unknown_end()}));
  const auto text = value_of(app::report_exits(daemon.config(), ""));
  CHECK(text.starts_with("TIME      CONTAINER"));
  CHECK(text.find("web") < text.find("job"));
  CHECK(daemon.targets() == std::vector<std::string>{"/api/v1/exits?limit=100"});
}

TEST_CASE("with a name its ends are shown with their evidence and log") {
  const Daemon daemon(200, answer_with({test::oom_end()}));
  const auto text = value_of(app::report_exits(daemon.config(), "web"));
  CHECK_THAT(text, contains("kernel: memory limit of 64 MiB hit, 1 process killed\n") &&
                       contains("| allocating\n"));
  CHECK(daemon.targets() == std::vector<std::string>{"/api/v1/exits?limit=20&name=web"});
}

TEST_CASE("an Engine is named before the last slash") {
  const Daemon daemon(200, answer_with({test::oom_end()}));
  std::ignore = value_of(app::report_exits(daemon.config(), "remote/web"));
  std::ignore = value_of(app::report_exits(daemon.config(), "a/b &c/"));
  CHECK(daemon.targets() ==
        std::vector<std::string>{"/api/v1/exits?limit=20&endpoint=remote&name=web",
                                 "/api/v1/exits?limit=100&endpoint=a%2fb%20%26c"});
}

TEST_CASE("a container's Engine is shown where the configuration has several") {
  const Daemon daemon(200, answer_with({test::oom_end()}));
  auto config = daemon.config();
  CHECK_THAT(value_of(app::report_exits(config, "")), !contains("local/web"));
  config.endpoints.push_back({.name = "remote"});
  CHECK_THAT(value_of(app::report_exits(config, "")), contains("local/web"));
}

TEST_CASE("where nothing has ended the table is a sentence") {
  const Daemon daemon(200, std::string(nothing));
  CHECK(value_of(app::report_exits(daemon.config(), "")) ==
        "no run of a container has ended since the record began\n");
}

TEST_CASE("a container without an end is an error that lists those that have one") {
  const test::TemporaryDirectory directory;
  const test::HttpServer server(
      directory.file("health.sock"), [](const auto& request, auto& exchange) {
        const bool asks_for_one = request.target.contains("name=");
        exchange.reply(200, {},
                       asks_for_one ? std::string(nothing)
                                    : answer_with({test::oom_end(), test::unknown_end()}));
      });
  config::Config config;
  config.path.runtime = directory.path();
  CHECK(error_of(app::report_exits(config, "bew")).message ==
        "no end of a container bew is recorded; there is one of job, web");
}

TEST_CASE("a container without an end is an error also where nothing has ended") {
  const Daemon daemon(200, std::string(nothing));
  CHECK(error_of(app::report_exits(daemon.config(), "web\x1b")).message ==
        "no end of a container web\\x1b is recorded; there is none of any container yet");
}

TEST_CASE("what a daemon refuses is told with what can be done") {
  const auto message = [](int status, const std::string& body) {
    const Daemon daemon(status, body);
    return error_of(app::report_exits(daemon.config(), "")).message;
  };
  CHECK_THAT(message(400, "endpoint takes one of local\n"),
             contains("says: endpoint takes one of local"));
  CHECK_THAT(message(401, ""), contains("asks for credentials") && contains("path.runtime"));
  CHECK_THAT(message(404, ""), contains("older than this one"));
  CHECK_THAT(message(503, ""), contains("HTTP status 503"));
  CHECK_THAT(message(200, "<html>"), contains("the answer of the daemon at unix://"));
}

TEST_CASE("where no daemon answers the message says so") {
  config::Config config;
  config.web.listen_addresses = {"127.0.0.1:1"};
  CHECK_THAT(error_of(app::report_exits(config, "")).message,
             contains("no daemon answers at tcp://127.0.0.1:1: ") && contains("does it run"));
  config.web.listen_addresses = {"systemd"};
  CHECK_THAT(error_of(app::report_exits(config, "")).message, contains("set path.runtime"));
}
