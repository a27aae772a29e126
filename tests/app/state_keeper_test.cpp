#include "app/state_keeper.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "app/example_ends.h"
#include "app/state_file.h"
#include "support/catch.h"
#include "support/log_capture.h"
#include "support/temporary_directory.h"
#include "support/wait_until.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using app::StateKeeper;

namespace {

using Lifecycles = std::vector<std::pair<std::string, model::Lifecycle>>;

/// The daemons of a test, one after another, with the same directory.
class Scene {
 public:
  std::unique_ptr<StateKeeper> keeper() {
    return std::make_unique<StateKeeper>(directory.path(), log.logger(), guard_);
  }
  void publish(std::shared_ptr<const model::EngineSnapshot> snapshot) {
    published_.with([&](auto& all) { all = {std::move(snapshot)}; });
  }
  void publish(std::vector<model::RunEnd> ends, Lifecycles lifecycles) {
    auto snapshot = std::make_shared<model::EngineSnapshot>();
    snapshot->endpoint = "local";
    snapshot->up = true;
    snapshot->ends = test::shared(std::move(ends));
    snapshot->lifecycles = std::move(lifecycles);
    publish(std::move(snapshot));
  }
  void start(StateKeeper& keeper, Milliseconds pause = 1h) {
    keeper.start([this] { return published_.with([](const auto& all) { return all; }); }, pause);
  }
  [[nodiscard]] std::string file() const { return directory.file("local.state"); }

  const test::TemporaryDirectory directory;
  test::LogCapture log;

 private:
  ThreadGuard guard_{log.logger()};
  Guarded<model::Snapshot> published_;
};

const Lifecycles three_restarts{{"web", {.counted_since = test::example_time, .restarts = 3}}};

}  // namespace

TEST_CASE("what is published at the end is restored at the next start") {
  Scene scene;
  {
    const auto keeper = scene.keeper();
    CHECK(keeper->restore("local") == nullptr);
    scene.start(*keeper);
    scene.publish({test::oom_end()}, three_restarts);
    keeper->stop();
  }
  const auto restored = scene.keeper()->restore("local");
  REQUIRE(restored);
  CHECK(*restored->ends.at(0) == test::oom_end());
  CHECK(restored->lifecycles == three_restarts);
  CHECK(restored->saved_at > WallTime{});
  CHECK(scene.keeper()->restore("remote") == nullptr);
}

TEST_CASE(
    "what has changed is saved while the daemon runs, and what has not is not written again") {
  Scene scene;
  const auto keeper = scene.keeper();
  scene.publish({test::oom_end()}, {});
  scene.start(*keeper, 1ms);
  const auto exists = [&] { return std::filesystem::exists(scene.file()); };
  test::wait_until("the file is there", 20s, exists);
  std::filesystem::remove(scene.file());
  scene.publish({test::unknown_end()}, {});
  test::wait_until("the change is there", 20s, exists);
  std::filesystem::remove(scene.file());
  keeper->stop();
  CHECK_FALSE(exists());
}

TEST_CASE("an Engine that is down, or not asked yet, keeps what was known of it") {
  Scene scene;
  const auto down = std::make_shared<model::EngineSnapshot>();
  down->endpoint = "local";
  {
    const auto keeper = scene.keeper();
    scene.start(*keeper);
    scene.publish({test::oom_end()}, three_restarts);
    keeper->stop();
  }
  {
    const auto keeper = scene.keeper();
    std::ignore = keeper->restore("local");
    scene.publish(down);
    scene.start(*keeper);
    keeper->stop();
  }
  {
    const auto keeper = scene.keeper();
    std::ignore = keeper->restore("local");
    const auto with_an_end = std::make_shared<model::EngineSnapshot>(*down);
    with_an_end->ends = test::shared({test::unknown_end()});
    scene.publish(with_an_end);
    scene.start(*keeper);
    keeper->stop();
  }
  const auto restored = scene.keeper()->restore("local");
  REQUIRE(restored);
  CHECK(*restored->ends.at(0) == test::unknown_end());
  CHECK(restored->lifecycles == three_restarts);
}

TEST_CASE("a damaged file is kept aside, and named in the log with the reason") {
  Scene scene;
  std::ignore = scene.directory.write("local.state", "{\"tidegauge_state\":1");
  CHECK(scene.keeper()->restore("local") == nullptr);
  CHECK_FALSE(std::filesystem::exists(scene.file()));
  CHECK(test::read_file(scene.file() + ".damaged") == "{\"tidegauge_state\":1");
  CHECK(scene.log.count("level=warn msg=\"the record of an Engine begins anew") == 1);
  CHECK(scene.log.count("reason=\"it is cut off\"") == 1);
  CHECK(scene.log.count("file=" + scene.file() + " ") == 1);
  CHECK(scene.log.count("kept_as=" + scene.file() + ".damaged") == 1);
  CHECK(scene.keeper()->restore("local") == nullptr);
}

TEST_CASE("a directory that cannot be used is told at the start, and does not end the daemon") {
  test::LogCapture log;
  ThreadGuard guard(log.logger());
  StateKeeper keeper("/nonexistent", log.logger(), guard);
  CHECK(log.count("will not survive a restart") == 1);
  CHECK(log.count("state_directory=/nonexistent reason=\"No such file or directory\"") == 1);
  CHECK(keeper.restore("local") == nullptr);
  const auto ends = test::snapshot_with("local", {test::oom_end()});
  keeper.start([&] { return model::Snapshot{ends}; }, 1ms);
  test::wait_until("the failure is logged", 20s, [&] { return log.count("cannot be saved") > 0; });
  keeper.stop();
  CHECK(log.count("cannot be saved") == 1);
}

TEST_CASE("a keeper that was not started saves nothing") {
  Scene scene;
  scene.publish({test::oom_end()}, {});
  scene.keeper()->stop();
  CHECK_FALSE(std::filesystem::exists(scene.file()));
}
