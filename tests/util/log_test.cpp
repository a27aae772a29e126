#include "tidegauge/util/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <regex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using test::contains;

namespace {

/// A logger, and the lines it has written without their time stamps.
class Scene {
 public:
  explicit Scene(LogFormat format = LogFormat::logfmt, LogLevel level = LogLevel::debug)
      : logger_(
            level, format,
            [](void* self, std::string_view line) {
              static_cast<Scene*>(self)->lines_.emplace_back(line);
            },
            this) {}

  Logger& logger() { return logger_; }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  /// The one line there is, after its time stamp.
  [[nodiscard]] std::string line() const {
    REQUIRE(lines_.size() == 1);
    return std::regex_replace(lines_.front(), time_stamp(), "");
  }
  static std::regex time_stamp() {
    return std::regex(R"((\{"ts":"|^)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z("?,| ))");
  }

 private:
  std::vector<std::string> lines_;
  Logger logger_;
};

/// A pipe that is read when the test wants it.
class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    reader_ = UniqueFd(ends[0]);
    writer_ = UniqueFd(ends[1]);
  }
  [[nodiscard]] int writer() const { return writer_.get(); }
  /// Writes until the pipe takes no more.
  void fill() const {
    const int flags = ::fcntl(writer(), F_GETFL);
    ::fcntl(writer(), F_SETFL, flags | O_NONBLOCK);
    while (::write(writer(), "\n", 1) == 1) {
    }
    ::fcntl(writer(), F_SETFL, flags);
  }
  /// The lines that are written from now on until one has `last` in it, without empty ones.
  [[nodiscard]] std::vector<std::string> read_until(std::string_view last) const {
    std::vector<std::string> lines;
    std::string line;
    for (char c = 0; ::read(reader_.get(), &c, 1) == 1;) {
      if (c != '\n') {
        line += c;
        continue;
      }
      if (!line.empty()) lines.push_back(line);
      if (line.contains(last)) break;
      line.clear();
    }
    return lines;
  }

 private:
  UniqueFd reader_;
  UniqueFd writer_;
};

/// The one line that is written for this field.
std::string field_line(LogFormat format, const LogField& field) {
  Scene scene(format);
  scene.logger().info("m", {field});
  return scene.line();
}

}  // namespace

TEST_CASE("a line of logfmt has time, level, message and the fields in order") {
  Scene scene;
  scene.logger().warn("engine is down", {{"endpoint", "local"}, {"port", 80}, {"age", 1.5}});
  CHECK(std::regex_search(scene.lines().front(), Scene::time_stamp()));
  CHECK(scene.line() == R"(level=warn msg="engine is down" endpoint=local port=80 age=1.500000)");
}

TEST_CASE("a line of JSON is one object, with numbers as numbers") {
  Scene scene(LogFormat::json);
  scene.logger().error("engine is down", {{"endpoint", "local"}, {"port", 80}});
  CHECK(std::regex_search(scene.lines().front(), Scene::time_stamp()));
  CHECK(scene.line() == R"("level":"error","msg":"engine is down","endpoint":"local","port":80})");
}

TEST_CASE("logfmt quotes a text that would be ambiguous") {
  const auto written = [](std::string_view text) {
    const auto line = field_line(LogFormat::logfmt, {"key", text});
    return line.substr(line.find("key=") + 4);
  };
  CHECK(written("plain-text_1/2:3") == "plain-text_1/2:3");
  CHECK(written("größe") == R"("größe")");
  CHECK(written("") == R"("")");
  CHECK(written("two words") == R"("two words")");
  CHECK(written("a=b") == R"("a=b")");
  CHECK(written(R"(say "hi")") == R"("say \"hi\"")");
  CHECK(written(R"(C:\temp)") == R"("C:\\temp")");
  CHECK(written("two\nlines") == R"("two\nlines")");
  CHECK(written("bell\a") == R"("bell\u0007")");
}

TEST_CASE("a hostile container name does not break a log line") {
  const std::string forged = "x\n2026-01-01T00:00:00.000Z level=error msg=\"all is lost\"\r\x1b[2J";
  for (const auto format : {LogFormat::logfmt, LogFormat::json}) {
    const auto line = field_line(format, {"name", forged});
    CHECK(line.find_first_of("\n\r\x1b") == std::string::npos);
    CHECK_THAT(line, contains(R"(x\n2026)") && contains(R"(\u000d\u001b[2J")"));
  }
}

TEST_CASE("a JSON line escapes keys and messages") {
  Scene scene(LogFormat::json);
  scene.logger().info("a \"b\"\n", {{"k\\", ""}});
  CHECK(scene.line() == R"("level":"info","msg":"a \"b\"\n","k\\":""})");
}

TEST_CASE("a line is UTF-8 whatever the text is") {
  for (const auto format : {LogFormat::logfmt, LogFormat::json}) {
    CHECK_THAT(field_line(format, {"id", "ab\xff"}), contains(R"("ab\\xff")"));
  }
}

TEST_CASE("a text of digits stays a text in JSON") {
  CHECK_THAT(field_line(LogFormat::json, {"id", "123"}), contains(R"("id":"123")"));
}

TEST_CASE("messages below the level are neither written nor counted") {
  Scene scene(LogFormat::logfmt, LogLevel::warn);
  scene.logger().debug("one");
  scene.logger().info("two");
  scene.logger().warn("three");
  scene.logger().error("four");
  scene.logger().error("five");
  CHECK(scene.lines().size() == 3);
  CHECK(scene.logger().lines(LogLevel::debug) == 0);
  CHECK(scene.logger().lines(LogLevel::info) == 0);
  CHECK(scene.logger().lines(LogLevel::warn) == 1);
  CHECK(scene.logger().lines(LogLevel::error) == 2);
}

TEST_CASE("lines of several threads arrive whole, and all are counted") {
  Scene scene;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i)
          scene.logger().debug("said", {{"text", std::string(200, 'x')}});
      });
    }
  }
  REQUIRE(scene.lines().size() == 2'000);
  CHECK(scene.logger().lines(LogLevel::debug) == 2'000);
  const auto whole = [](const std::string& line) {
    return line.ends_with(" level=debug msg=\"said\" text=" + std::string(200, 'x'));
  };
  CHECK(std::ranges::all_of(scene.lines(), whole));
}

// --- bounds --------------------------------------------------------------------------------------

TEST_CASE(
    "a flood of one message is suppressed, and its count comes with the next message above debug") {
  Scene scene;
  for (int i = 0; i < 100; ++i) scene.logger().warn("event cannot be read");
  scene.logger().warn("engine is down");
  for (int i = 0; i < 100; ++i) scene.logger().debug("sampled");
  CHECK(scene.lines().size() == 20 + 1 + 100);
  CHECK(scene.logger().lines(LogLevel::warn) == 21);
  CHECK(scene.logger().suppressed() == 80);
  CHECK(scene.logger().dropped() == 0);
}

TEST_CASE("a long line is truncated between characters and stays well-formed") {
  for (const auto format : {LogFormat::logfmt, LogFormat::json}) {
    const std::string shift = GENERATE("", "a", "aa");
    std::string text = shift;
    for (int i = 0; i < 1'000'000; ++i) text += "ß€";
    Scene scene(format);
    scene.logger().warn(text, {{"first", text}, {"control", std::string(100'000, '\a')}, {"n", 7}});
    const auto line = scene.line();
    CHECK(line.size() > 1'000);
    CHECK(line.size() < Logger::max_line_bytes);
    CHECK_THAT(line, contains(format == LogFormat::json ? R"(,"n":7})" : R"(" n=7)"));
    // Whole characters, each followed by another or by the end of its text.
    CHECK(std::regex_search(line, std::regex(shift + R"((ß€)+(ß)?")")));
    CHECK_FALSE(std::regex_search(line, std::regex("[\xC3\xE2\x82]\"")));
  }
}

// --- a reader that does not read -----------------------------------------------------------------

TEST_CASE("lines are written in their order, and flush waits for them") {
  const Pipe pipe;
  Logger logger(LogLevel::debug, LogFormat::logfmt, pipe.writer());
  for (int i = 0; i < 500; ++i) logger.debug("line", {{"number", i}});
  logger.debug("last");
  CHECK(logger.flush(10s));
  const auto lines = pipe.read_until("msg=\"last\"");
  REQUIRE(lines.size() == 501);
  for (int i = 0; i < 500; ++i) {
    CHECK(lines[static_cast<std::size_t>(i)].ends_with(" number=" + std::to_string(i)));
  }
  CHECK(logger.dropped() == 0);
}

TEST_CASE(
    "a log without a reader blocks no thread, keeps the newest lines, and counts the lost ones") {
  const auto format = GENERATE(LogFormat::logfmt, LogFormat::json);
  const Pipe pipe;
  pipe.fill();
  Logger logger(LogLevel::debug, format, pipe.writer());
  logger.debug("first");
  REQUIRE_FALSE(logger.flush(10ms));
  for (int i = 0; i < 10'000; ++i) logger.debug("line", {{"number", i}});
  const auto dropped = logger.dropped();
  CHECK(dropped > 0);
  CHECK(logger.lines(LogLevel::debug) == 10'001);

  const auto lines = pipe.read_until("9999");
  const auto kept = 10'001 - dropped;
  REQUIRE(lines.size() == kept + 1);
  const auto notice =
      std::ranges::find_if(lines, [](const auto& line) { return line.contains("were dropped"); });
  REQUIRE(notice != lines.end());
  const std::string told = format == LogFormat::json ? ",\"lines\":" : " lines=";
  CHECK_THAT(*notice, contains(told + std::to_string(dropped)));
  auto number = 10'000 - (lines.end() - notice - 1);
  for (auto line = notice + 1; line != lines.end(); ++line, ++number) {
    CHECK(std::regex_search(*line, std::regex("number\"?[=:]" + std::to_string(number) + "\\b")));
  }
  logger.debug("afterwards");
  CHECK(logger.flush(10s));
  CHECK(pipe.read_until("afterwards").size() == 1);
  CHECK(logger.dropped() == dropped);
}

TEST_CASE("the queue of a log without a reader is bounded") {
  const Pipe pipe;
  pipe.fill();
  Logger logger(LogLevel::debug, LogFormat::logfmt, pipe.writer());
  for (int i = 0; i < 3'000; ++i) logger.debug("line", {{"text", std::string(100'000, 'x')}});
  const auto waiting = 3'000 - logger.dropped();
  CHECK(waiting * Logger::max_line_bytes <= std::size_t{9} * 1024 * 1024);
  CHECK(waiting > 1'000);
  logger.debug("last");
  static_cast<void>(pipe.read_until("msg=\"last\""));  // or the thread would outlive the pipe
}

TEST_CASE("the end of a logger takes bounded time without a reader, and loses no line with one") {
  const bool is_read = GENERATE(true, false);
  const Pipe pipe;
  if (!is_read) pipe.fill();
  const auto begin = steady_now();
  {
    Logger logger(LogLevel::debug, LogFormat::logfmt, pipe.writer());
    for (int i = 0; i < 100; ++i) logger.debug("line", {{"number", i}});
  }
  if (is_read) {
    CHECK(pipe.read_until("number=99").size() == 100);
  } else {
    CHECK(steady_now() - begin < 3s);
    // For the thread that is left behind, which then ends.
    CHECK(pipe.read_until("number=99").size() == 100);
  }
}

TEST_CASE("lines that the descriptor refuses are counted as dropped") {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Logger logger(LogLevel::info, LogFormat::logfmt, full.get());
  logger.info("one");
  logger.info("two");
  CHECK(logger.flush(10s));
  CHECK(logger.dropped() == 2);
}

TEST_CASE("a non-blocking descriptor loses no line") {
  const Pipe pipe;
  REQUIRE(::fcntl(pipe.writer(), F_SETFL, O_NONBLOCK | O_WRONLY) == 0);
  Logger logger(LogLevel::debug, LogFormat::logfmt, pipe.writer());
  for (int i = 0; i < 1'000; ++i) logger.debug("line", {{"number", i}});
  CHECK(pipe.read_until("number=999").size() == 1'000);
  CHECK(logger.dropped() == 0);
}

TEST_CASE("level and format may change, for the lines from then on") {
  Scene scene(LogFormat::logfmt, LogLevel::warn);
  scene.logger().info("too early");
  scene.logger().set_level(LogLevel::info);
  scene.logger().info("first");
  scene.logger().set_format(LogFormat::json);
  scene.logger().info("second");
  REQUIRE(scene.lines().size() == 2);
  CHECK_THAT(scene.lines()[0], contains("msg=\"first\""));
  CHECK_THAT(scene.lines()[1], contains("\"msg\":\"second\""));
}
