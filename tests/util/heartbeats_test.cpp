#include "tidegauge/util/heartbeats.h"

#include <chrono>
#include <optional>
#include <tuple>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;

namespace {

/// Beats are counted, and the test says what time it is.
class Scene {
 public:
  Heartbeats* heartbeats() { return &heartbeats_; }
  [[nodiscard]] int passed_on() const { return passed_on_; }
  /// Whether the loop passes the beat on when it turns at that second.
  bool passes_on(Heartbeats::Loop& loop, std::chrono::seconds second) {
    const auto before = passed_on_;
    std::ignore = loop.beat(SteadyTime::max(), {}, at(second));
    return passed_on_ > before;
  }
  [[nodiscard]] static SteadyTime at(std::chrono::seconds second) {
    return SteadyTime(1h) + second;
  }

 private:
  int passed_on_ = 0;
  Heartbeats heartbeats_{10s, [this] { ++passed_on_; }};
};

}  // namespace

TEST_CASE("a loop that turns often passes the beat on twice per interval") {
  Scene scene;
  Heartbeats::Loop loop(scene.heartbeats(), Scene::at(0s));
  for (auto second = 0s; second < 60s; ++second) std::ignore = scene.passes_on(loop, second);
  CHECK(scene.passed_on() == 12);
}

TEST_CASE("a loop waits no longer than the interval") {
  Scene scene;
  Heartbeats::Loop loop(scene.heartbeats(), Scene::at(0s));
  CHECK(loop.beat(SteadyTime::max(), {}, Scene::at(0s)) == Scene::at(10s));
  CHECK(loop.beat(Scene::at(3s), {}, Scene::at(0s)) == Scene::at(3s));
}

TEST_CASE("no beat is passed on while one loop is late, whatever the others do") {
  Scene scene;
  Heartbeats::Loop turning(scene.heartbeats(), Scene::at(0s));
  std::optional<Heartbeats::Loop> hanging;
  hanging.emplace(scene.heartbeats(), Scene::at(0s));
  std::ignore = hanging->beat(Scene::at(5s), {}, Scene::at(0s));  // late after 15 s
  CHECK(scene.passes_on(turning, 10s));
  CHECK(scene.passes_on(turning, 15s));
  CHECK_FALSE(scene.passes_on(turning, 21s));
  CHECK_FALSE(scene.passes_on(turning, 31s));

  SECTION("until it turns again") {
    CHECK(scene.passes_on(*hanging, 32s));
    CHECK(scene.passes_on(turning, 38s));
  }
  SECTION("until it has ended") {
    hanging.reset();
    CHECK(scene.passes_on(turning, 32s));
  }
}

TEST_CASE("calls may take as long as their limits say, and no longer") {
  Scene scene;
  Heartbeats::Loop loop(scene.heartbeats(), Scene::at(0s));
  Heartbeats::Loop call(scene.heartbeats(), Scene::at(0s));
  call.work_for(2min, Scene::at(0s));
  CHECK(scene.passes_on(loop, 130s));
  CHECK_FALSE(scene.passes_on(loop, 140s));
}

TEST_CASE("a loop that has not turned since it began is late after an interval") {
  Scene scene;
  const Heartbeats::Loop hanging(scene.heartbeats(), Scene::at(0s));
  Heartbeats::Loop loop(scene.heartbeats(), Scene::at(0s));
  CHECK(scene.passes_on(loop, 10s));
  CHECK_FALSE(scene.passes_on(loop, 20s));
}

TEST_CASE("where nobody asks, a loop waits for as long as it likes") {
  Heartbeats::Loop loop(nullptr);
  CHECK(loop.beat(SteadyTime::max()) == SteadyTime::max());
}
