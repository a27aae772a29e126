#include "monitor/optional_call.h"

#include <chrono>

#include "support/catch.h"
#include "support/log_capture.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::OptionalCall;

namespace {

class Scene {
 public:
  OptionalCall& call() { return call_; }
  test::LogCapture& log() { return log_; }
  [[nodiscard]] SteadyTime now() const { return now_; }
  void pass(std::chrono::nanoseconds time) { now_ += time; }
  void fail(Errc code) { call_.failed({code, "GET /info: HTTP status 999"}, now_); }
  /// Until it is due again.
  [[nodiscard]] std::chrono::nanoseconds pause() const { return call_.next_try() - now_; }

 private:
  test::LogCapture log_;
  OptionalCall call_{"local", "GET /info", "the size of the machine is not shown", log_.logger()};
  SteadyTime now_ = steady_now();
};

}  // namespace

TEST_CASE("an optional call is due until it fails") {
  Scene scene;
  CHECK(scene.call().is_due(scene.now()));
  scene.call().answered();
  CHECK(scene.call().is_due(scene.now()));
  CHECK_FALSE(scene.call().is_failing());
  CHECK(scene.log().count("optional call") == 0);
}

TEST_CASE("a refusal is logged once with the remedy, and retried after minutes") {
  const auto code = GENERATE(Errc::client_error, Errc::not_found);
  Scene scene;
  for (int attempt = 0; attempt < 3; ++attempt) {
    REQUIRE(scene.call().is_due(scene.now()));
    scene.fail(code);
    CHECK(scene.call().is_failing());
    CHECK_FALSE(scene.call().is_due(scene.now() + 4min));
    scene.pass(5min);
  }
  CHECK(scene.log().count("an optional call fails") == 1);
  CHECK(scene.log().count("allow GET /info in the proxy") == 1);
  CHECK(scene.log().count("the size of the machine is not shown") == 1);
  scene.call().answered();
  CHECK(scene.log().count("an optional call is answered again") == 1);
  scene.fail(code);
  CHECK(scene.log().count("an optional call fails") == 2);
}

TEST_CASE("another failure is retried soon, then ever more rarely, and logged if it lasts") {
  Scene scene;
  scene.fail(Errc::server_error);
  CHECK(scene.log().count("an optional call") == 0);
  CHECK(scene.pause() == 1s);
  scene.pass(1s);
  scene.fail(Errc::server_error);
  CHECK(scene.log().count("an optional call fails") == 1);
  CHECK(scene.pause() == 2s);
  for (int attempt = 0; attempt < 20; ++attempt) scene.fail(Errc::server_error);
  CHECK(scene.pause() == 5min);
  CHECK(scene.log().count("an optional call fails") == 1);
}

TEST_CASE("a single failure between two answers is not logged") {
  Scene scene;
  for (int i = 0; i < 3; ++i) {
    scene.fail(Errc::timeout);
    scene.call().answered();
  }
  CHECK(scene.log().count("optional call") == 0);
}
