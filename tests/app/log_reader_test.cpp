#include "app/log_reader.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>

#include "support/catch.h"
#include "support/log_capture.h"

using namespace tidegauge;
using app::LogReader;

namespace {

class Scene {
 public:
  explicit Scene(LogReader::Read read)
      : guard_(log_.logger()), reader_(std::in_place, std::move(read), guard_) {}

  std::future<web::Response> ask(const std::string& id) {
    auto promise = std::make_shared<std::promise<web::Response>>();
    auto response = promise->get_future();
    reader_->read({.endpoint = "local", .id = id, .lines = 3},
                  [promise](web::Response answer) { promise->set_value(std::move(answer)); });
    return response;
  }
  void stop() { reader_.reset(); }
  [[nodiscard]] std::uint64_t failures() const {
    const auto all = guard_.failures();
    return all.contains("logs") ? all.at("logs") : 0;
  }

 private:
  test::LogCapture log_;
  ThreadGuard guard_;
  std::optional<LogReader> reader_;
};

}  // namespace

TEST_CASE("the lines of a log are a plain text that a browser takes for nothing else") {
  Scene scene([](const LogReader::Log& log, const std::stop_token&) {
    return Result<std::vector<std::string>>({log.endpoint, log.id, std::to_string(log.lines)});
  });
  const auto response = scene.ask("1f").get();
  CHECK(response.status == 200);
  CHECK(response.body == "local\n1f\n3\n");
  CHECK(response.content_type == "text/plain; charset=utf-8");
  CHECK(response.headers.front().second == "nosniff");
}

TEST_CASE("a log that cannot be read is told with the Engine's reason, in one line") {
  Scene scene(
      [](const LogReader::Log&, const std::stop_token&) -> Result<std::vector<std::string>> {
        return fail(Errc::server_error, "the driver\ndoes not support reading");
      });
  const auto response = scene.ask("1f").get();
  CHECK(response.status == 502);
  CHECK(response.body == "the Engine did not give the log: the driver does not support reading\n");
}

TEST_CASE("a reader that throws answers the next client") {
  int calls = 0;
  Scene scene(
      [&](const LogReader::Log&, const std::stop_token&) -> Result<std::vector<std::string>> {
        if (++calls == 1) throw std::runtime_error("no memory");
        return std::vector<std::string>{"a"};
      });
  CHECK_THROWS_AS(scene.ask("1f").get(), std::future_error);  // its responder was destroyed
  CHECK(scene.ask("1f").get().body == "a\n");
  CHECK(scene.failures() == 1);
}

TEST_CASE("beyond a few that wait, a client is told to try again, and a stop ends what is read") {
  std::promise<void> has_begun;
  Scene scene([&](const LogReader::Log& log,
                  const std::stop_token& stop) -> Result<std::vector<std::string>> {
    if (log.id == "first") has_begun.set_value();
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, stop, [] { return false; });
    return fail(Errc::cancelled, "stopped");
  });
  auto first = scene.ask("first");
  has_begun.get_future().wait();
  std::vector<std::future<web::Response>> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(scene.ask("next"));
  CHECK(scene.ask("one too many").get().status == 503);
  scene.stop();
  CHECK(first.get().status == 502);
  for (auto& response : waiting) CHECK_THROWS_AS(response.get(), std::future_error);
}
