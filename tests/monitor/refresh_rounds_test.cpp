#include "monitor/refresh_rounds.h"

#include <chrono>
#include <map>
#include <string>
#include <tuple>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::RefreshRounds;

namespace {

/// Containers that were all inspected at the beginning, and a clock.
class Scene {
 public:
  Scene(Milliseconds interval, int checked, int others) : rounds_(interval) {
    for (int i = 0; i < checked; ++i) inspected_["checked-" + std::to_string(i)] = now_;
    for (int i = 0; i < others; ++i) inspected_["other-" + std::to_string(i)] = now_;
  }

  /// Whose turn it was, how often, in so long; asked ten times a second.
  std::map<std::string, int> turns_in(std::chrono::seconds time) {
    std::map<std::string, int> turns;
    for (const auto end = now_ + time; now_ < end; now_ += 100ms) {
      if (const auto* const id = take()) ++turns[*id];
    }
    return turns;
  }
  void inspect(const std::string& id) { inspected_.at(id) = now_; }
  void pass(std::chrono::seconds time) { now_ += time; }
  void set_interval(Milliseconds interval) { rounds_.set_interval(interval); }

 private:
  const std::string* take() {
    if (!rounds_.begin(now_)) return nullptr;
    for (const auto& [id, at] : inspected_) {
      const bool checks = id.starts_with("checked");
      rounds_.show(id, checks ? RefreshRounds::Kind::checks_health : RefreshRounds::Kind::other,
                   at);
    }
    const auto* const id = rounds_.take(now_);
    if (id != nullptr) inspected_.at(*id) = now_;
    return id;
  }

  RefreshRounds rounds_;
  SteadyTime now_{1h};
  std::map<std::string, SteadyTime> inspected_;
};

int sum_of(const std::map<std::string, int>& turns) {
  int sum = 0;
  for (const auto& [id, times] : turns) sum += times;
  return sum;
}

}  // namespace

TEST_CASE("each container has its turn once in the interval, one after another") {
  Scene scene(5min, 0, 10);
  CHECK(scene.turns_in(29s).empty());  // all have just been inspected
  CHECK(sum_of(scene.turns_in(31s)) == 1);
  CHECK(scene.turns_in(4min + 5s).size() == 9);
  for (const auto& [id, times] : scene.turns_in(10min)) CHECK(times == 2);
}

TEST_CASE("at most one container a second has its turn") {
  Scene scene(1min, 0, 600);
  const auto turns = scene.turns_in(610s);
  CHECK(sum_of(turns) <= 610);
  CHECK(turns.size() == 600);
}

TEST_CASE("a container whose health check runs has its turn every half minute") {
  Scene scene(5min, 5, 95);
  const auto turns = scene.turns_in(305s);
  REQUIRE(turns.size() == 100);
  for (const auto& [id, times] : turns) {
    CAPTURE(id);
    CHECK(times >= (id.starts_with("checked") ? 9 : 1));
    CHECK(times <= (id.starts_with("checked") ? 11 : 2));
  }
}

TEST_CASE("more turns than seconds make all containers wait longer, and none starves") {
  Scene scene(5min, 90, 300);  // four turns a second
  const auto turns = scene.turns_in(1'250s);
  CHECK(turns.size() == 390);
  CHECK(sum_of(turns) <= 1'250);
  CHECK(turns.at("checked-0") >= 8);
  CHECK(turns.at("other-0") <= 2);
}

TEST_CASE("an inspect for another reason counts as a turn") {
  Scene scene(5min, 0, 2);
  std::ignore = scene.turns_in(149s);
  scene.inspect("other-0");
  CHECK(scene.turns_in(10s) == std::map<std::string, int>{{"other-1", 1}});
  std::ignore = scene.turns_in(130s);
  scene.inspect("other-0");
  scene.inspect("other-1");
  CHECK(scene.turns_in(145s).empty());
}

TEST_CASE("missed turns are not repeated") {
  Scene scene(1min, 0, 60);
  std::ignore = scene.turns_in(10s);
  scene.pass(10min);
  CHECK(sum_of(scene.turns_in(10s)) <= 11);
  Scene few(1min, 0, 2);
  std::ignore = few.turns_in(10s);
  few.pass(10min);
  CHECK(sum_of(few.turns_in(10s)) <= 2);
}

TEST_CASE("with an interval of 0 no container has a turn") {
  Scene scene(0ms, 2, 2);
  CHECK(scene.turns_in(1h).empty());
}

TEST_CASE("another interval begins the rounds anew, and the same one changes nothing") {
  Scene scene(15min, 0, 10);
  std::ignore = scene.turns_in(80s);
  scene.set_interval(15min);
  CHECK(scene.turns_in(11s).size() == 1);  // the turn that was due after 90 s
  scene.set_interval(100s);
  CHECK(scene.turns_in(101s).size() == 10);
  scene.set_interval(0s);
  CHECK(scene.turns_in(1000s).empty());
}
