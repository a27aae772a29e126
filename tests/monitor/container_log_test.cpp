#include "tidegauge/monitor/container_log.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/small_engine.h"
#include "support/catch.h"
#include "support/log_capture.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/pool/pool_manager.h"
#include "tidegauge/util/thread_guard.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::last_lines;
using test::contains;
using test::error_of;
using test::Exchange;
using test::value_of;

namespace {

using Lines = std::vector<std::string>;

/// A frame of the Engine's multiplexed format.
std::string frame(char source, std::string_view text) {
  const auto size = text.size();
  std::string bytes{source, '\0', '\0', '\0'};
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(size >> shift & 0xFFU);
  return bytes.append(text);
}

const test::Headers multiplexed{{"Content-Type", "application/vnd.docker.multiplexed-stream"}};

/// An Engine with the container "web", whose log a test scripts.
class Scene {
 public:
  using AnswerLogs = std::function<void(const test::Request&, Exchange&)>;

  explicit Scene(AnswerLogs answer)
      : engine_({"web"},
                [answer = std::move(answer)](const test::Request& request, Exchange& exchange) {
                  const bool asks = test::SmallEngine::call_of(request) == "/containers/web/logs";
                  if (asks) answer(request, exchange);
                  return asks;
                }) {}

  Result<Lines> read(const monitor::LastLinesQuery& query, SteadyTime::duration limit = 20s) {
    return monitor::read_last_lines(clients_, "local", query, steady_now() + limit);
  }

 private:
  test::SmallEngine engine_;
  test::LogCapture log_;
  ThreadGuard guard_{log_.logger()};
  const config::PoolConfig options_{.min_connections = 0};
  const std::vector<config::EndpointConfig> endpoints_{
      {.name = "local", .address = {.path = engine_.socket_path()}}};
  pool::PoolManager pools_{endpoints_, options_, http::make_curl_transport, log_.logger(), guard_};
  docker::ClientManager clients_{pools_, endpoints_, options_};
};

}  // namespace

TEST_CASE("the last lines of a run are read in their order, of both streams") {
  Scene scene([](const auto& /*request*/, Exchange& exchange) {
    exchange.reply(200, multiplexed,
                   frame(1, "starting\n") + frame(2, "out of ink\n") + frame(1, "ending\n"));
  });
  CHECK(value_of(scene.read({.id = "web", .lines = 10})) ==
        Lines{"starting", "out of ink", "ending"});
  CHECK(value_of(scene.read({.id = "web", .lines = 2})) == Lines{"out of ink", "ending"});
}

TEST_CASE("a container with a terminal has its lines without frames") {
  Scene scene([](const auto& /*request*/, Exchange& exchange) {
    exchange.reply(200, {{"Content-Type", "application/vnd.docker.raw-stream"}},
                   "\x1b[1mone\x1b[0m\r\ntwo\r\n");
  });
  CHECK(value_of(scene.read({.id = "web", .lines = 10})) == Lines{"one", "two"});
}

TEST_CASE("the Engine is asked for the lines of this run alone") {
  Guarded<std::string> target;
  Scene scene([&](const auto& request, Exchange& exchange) {
    target.with([&](auto& current) { current = request.target; });
    exchange.reply(200, multiplexed, "");
  });
  CHECK(value_of(scene.read({.id = "web",
                             .lines = 5,
                             .started_at = WallTime{100s + 5ns},
                             .ended_at = WallTime{200s}}))
            .empty());
  CHECK_THAT(target.with([](const auto& current) { return current; }),
             contains("/containers/web/logs?") && contains("follow=0") && contains("tail=5") &&
                 contains("since=100.000000005") && contains("until=200.000000000"));
}

TEST_CASE("a log that has not ended by the deadline is an error") {
  Scene scene([](const auto& /*request*/, Exchange& exchange) {
    if (exchange.begin_chunks(200, multiplexed) && exchange.chunk(frame(1, "first\n"))) {
      exchange.hang();
    }
  });
  CHECK(error_of(scene.read({.id = "web", .lines = 5}, 50ms)).code == Errc::timeout);
}

TEST_CASE("a container that has gone has no lines") {
  Scene scene([](const auto& /*request*/, Exchange& exchange) {
    exchange.reply(404, {{"Content-Type", "application/json"}}, R"({"message":"no such"})");
  });
  CHECK(error_of(scene.read({.id = "web", .lines = 5})).code == Errc::not_found);
}

TEST_CASE("a log of any length is read in bounded memory, to its last lines") {
  Scene scene([](const auto& /*request*/, Exchange& exchange) {
    if (!exchange.begin_chunks(200, multiplexed)) return;
    for (int i = 0; i < 1'000; ++i) {
      if (!exchange.chunk(frame(1, std::string(10'000, 'x') + '\n'))) return;
    }
    exchange.chunk(frame(1, "the end\n"));
    exchange.end_chunks();
  });
  CHECK(value_of(scene.read({.id = "web", .lines = 1})) == Lines{"the end"});
}

TEST_CASE("only lines with anything to be read count") {
  CHECK(last_lines("", 5).empty());
  CHECK(last_lines("\n\n", 5).empty());
  CHECK(last_lines("a\n\n \x1b[0m\nb", 5) == Lines{"a", "b"});
  CHECK(last_lines("a\nb\nc\n", 2) == Lines{"b", "c"});
  CHECK(last_lines("a\nb", 0).empty());
}

TEST_CASE("escape sequences and control characters are taken out of a line") {
  const auto line = [](std::string_view text) { return last_lines(text, 1); };
  CHECK(line("\x1b[1;31mred\x1b[0m") == Lines{"red"});
  CHECK(line("\x1b[?25lhidden cursor\x1b[K") == Lines{"hidden cursor"});
  CHECK(line("\x1b]0;title\x07text") == Lines{"text"});
  CHECK(line("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\") == Lines{"link"});
  CHECK(line("\x1bPq...\x1b\\picture") == Lines{"picture"});
  CHECK(line("\x1b(Bplain\x1b=") == Lines{"plain"});
  CHECK(line("a\x1b") == Lines{"a"});
  CHECK(line("a\x1b[31") == Lines{"a"});
  CHECK(line("a\x1b]0;never ends") == Lines{"a"});
  CHECK(line("10%\r20%\t\x07\x08"
             "done\x7f\r") == Lines{"10% 20% done"});
  CHECK(line("a\u009b31mb") == Lines{"a31mb"});
  CHECK(line("caf\u00e9 \u20ac") == Lines{"caf\u00e9 \u20ac"});
  CHECK(line("\xff\xc3") == Lines{"\\xff\\xc3"});
}

TEST_CASE("all lines together have at most 4 KiB") {
  const std::string long_line(3'000, 'x');
  CHECK(last_lines(long_line + "\n" + long_line + "\nend\n", 5) == Lines{long_line, "end"});
  const auto cut = last_lines("first\n" + std::string(5'000, 'y'), 5);
  REQUIRE(cut.size() == 1);
  CHECK(cut.front().size() == monitor::most_exit_log_bytes);
  CHECK(cut.front().ends_with("y..."));
  CHECK(last_lines(std::string(5'000, '\xff'), 1).front().size() <= monitor::most_exit_log_bytes);
}
