#include "tidegauge/util/log.h"

#include <algorithm>
#include <regex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
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

/// The one line that is written for this field.
std::string field_line(LogFormat format, const LogField& field) {
  Scene scene(format);
  scene.logger().info("m", {field});
  return scene.line();
}

}  // namespace

TEST_CASE("a line of logfmt is time, level, message and the facts in their order") {
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

TEST_CASE("logfmt quotes a text that could not be told from the rest of the line") {
  const auto written = [](std::string_view text) {
    const auto line = field_line(LogFormat::logfmt, {"key", text});
    return line.substr(line.find("key=") + 4);
  };
  CHECK(written("plain-text_1/2:3") == "plain-text_1/2:3");
  CHECK(written("größe") == "größe");
  CHECK(written("") == R"("")");
  CHECK(written("two words") == R"("two words")");
  CHECK(written("a=b") == R"("a=b")");
  CHECK(written(R"(say "hi")") == R"("say \"hi\"")");
  CHECK(written(R"(C:\temp)") == R"("C:\\temp")");
  CHECK(written("two\nlines") == R"("two\nlines")");
  CHECK(written("bell\a") == R"("bell\u0007")");
}

TEST_CASE("whatever a container is called, its line stays one line") {
  const std::string forged = "x\n2026-01-01T00:00:00.000Z level=error msg=\"all is lost\"\r\x1b[2J";
  for (const auto format : {LogFormat::logfmt, LogFormat::json}) {
    const auto line = field_line(format, {"name", forged});
    CHECK(line.find_first_of("\n\r\x1b") == std::string::npos);
    CHECK_THAT(line, contains(R"(x\n2026)") && contains(R"(\u000d\u001b[2J")"));
  }
}

TEST_CASE("JSON escapes keys and messages too") {
  Scene scene(LogFormat::json);
  scene.logger().info("a \"b\"\n", {{"k\\", ""}});
  CHECK(scene.line() == R"("level":"info","msg":"a \"b\"\n","k\\":""})");
}

TEST_CASE("a text of digits stays a text in JSON") {
  CHECK_THAT(field_line(LogFormat::json, {"id", "123"}), contains(R"("id":"123")"));
}

TEST_CASE("what is below the level is neither written nor counted") {
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
          scene.logger().info("said", {{"text", std::string(200, 'x')}});
      });
    }
  }
  REQUIRE(scene.lines().size() == 2'000);
  CHECK(scene.logger().lines(LogLevel::info) == 2'000);
  const auto whole = [](const std::string& line) {
    return line.ends_with(" level=info msg=\"said\" text=" + std::string(200, 'x'));
  };
  CHECK(std::ranges::all_of(scene.lines(), whole));
}
