#include "monitor/crew.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/log_capture.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/thread_guard.h"

using namespace std::chrono_literals;
using tidegauge::Guarded;
using tidegauge::steady_now;
using tidegauge::ThreadGuard;
using tidegauge::monitor::Crew;
using tidegauge::test::eventually;
using tidegauge::test::LogCapture;
using Task = Crew::Task;

namespace {

constexpr std::uint32_t threads = 16;

LogCapture& log() {
  static LogCapture capture;
  return capture;
}
ThreadGuard& guard() {
  static ThreadGuard guard(log().logger());
  return guard;
}

/// The ids of the calls that have begun, in the order of their beginning.
class Begun {
 public:
  void add(const std::string& id) {
    ids_.with([&](auto& ids) { ids.push_back(id); });
  }
  [[nodiscard]] std::vector<std::string> all() const {
    return ids_.with([](const auto& ids) { return ids; });
  }
  [[nodiscard]] std::size_t count(const std::string& id) const {
    return static_cast<std::size_t>(std::ranges::count(all(), id));
  }

 private:
  Guarded<std::vector<std::string>> ids_;
};

}  // namespace

TEST_CASE("a call that is due soon is made in time although another is due much later") {
  // The thread that waits for the later one is one of sixteen: each round wakes another.
  for (int round = 0; round < 5; ++round) {
    Begun begun;
    Crew crew(threads, threads, guard(),
              [&](const Task& task, const auto&) { begun.add(task.id); });
    crew.ask({Crew::Call::inspect, "later", steady_now() + 1h});
    crew.ask({Crew::Call::inspect, "soon", steady_now() + 20ms});
    REQUIRE(eventually([&] { return begun.count("soon") == 1; }, 5s));
    crew.ask({Crew::Call::inspect, "now", steady_now()});
    REQUIRE(eventually([&] { return begun.count("now") == 1; }, 5s));
    CHECK(begun.count("later") == 0);
  }
}

TEST_CASE("no call is made before it is due, and those due first come first") {
  Begun begun;
  std::atomic<bool> early = false;
  Crew crew(1, 1, guard(), [&](const Task& task, const auto&) {
    if (steady_now() < task.due) early = true;
    begun.add(task.id);
  });
  const auto now = steady_now();
  crew.ask({Crew::Call::inspect, "third", now + 90ms});
  crew.ask({Crew::Call::inspect, "first", now + 30ms});
  crew.ask({Crew::Call::inspect, "second", now + 60ms});
  REQUIRE(eventually([&] { return begun.all().size() == 3; }));
  CHECK(begun.all() == std::vector<std::string>{"first", "second", "third"});
  CHECK_FALSE(early);
}

TEST_CASE("other calls are made beside one that hangs") {
  const auto other = GENERATE(0ms, 20ms);
  Begun begun;
  std::atomic<bool> other_made_meanwhile = false;
  Crew crew(threads, threads, guard(), [&](const Task& task, const auto&) {
    begun.add(task.id);
    if (task.id != "hangs") return;
    other_made_meanwhile = eventually([&] { return begun.count("other") == 1; });
  });
  // One thread wakes for the first of the two: it has to wake the next for the second.
  const auto due = steady_now() + 20ms;
  crew.ask({Crew::Call::sample, "hangs", due});
  crew.ask({Crew::Call::sample, "other", due + other});
  REQUIRE(eventually([&] { return begun.count("other") == 1; }, 5s));
  crew.wait_until_idle({});
  CHECK(other_made_meanwhile);
}

TEST_CASE("a call asked for several times before it is begun is made once, at the earliest time") {
  Begun begun;
  Crew crew(threads, threads, guard(), [&](const Task& task, const auto&) { begun.add(task.id); });
  const auto now = steady_now();
  crew.ask({Crew::Call::inspect, "web", now + 1h});
  crew.ask({Crew::Call::inspect, "web", now + 20ms});
  crew.ask({Crew::Call::inspect, "web", now + 2h});
  crew.ask({Crew::Call::inspect, "end", now + 50ms});
  REQUIRE(eventually([&] { return begun.count("end") == 1; }));
  CHECK(begun.count("web") == 1);
}

TEST_CASE("a call asked for while it is in progress is made again afterwards, not beside itself") {
  Begun begun;
  std::atomic<int> in_progress = 0;
  std::atomic<bool> overlapped = false;
  std::atomic<bool> end = false;
  Crew crew(threads, threads, guard(), [&](const Task& task, const auto&) {
    if (++in_progress > 1) overlapped = true;
    begun.add(task.id);
    std::ignore = eventually([&] { return end.load(); });
    --in_progress;
  });
  crew.ask({Crew::Call::inspect, "web", steady_now()});
  REQUIRE(eventually([&] { return begun.count("web") == 1; }));
  crew.ask({Crew::Call::inspect, "later", steady_now() + 1h});
  const auto again = GENERATE(0ms, 50ms);
  crew.ask({Crew::Call::inspect, "web", steady_now() + again});
  end = true;
  REQUIRE(eventually([&] { return begun.count("web") == 2; }, 5s));
  CHECK_FALSE(overlapped);
}

TEST_CASE("calls of another kind about the same container are calls of their own") {
  std::atomic<int> in_progress = 0;
  Crew crew(threads, threads, guard(), [&](const Task&, const auto&) {
    ++in_progress;
    std::ignore = eventually([&] { return in_progress == 3; });
  });
  crew.ask({Crew::Call::inspect, "web", steady_now()});
  crew.ask({Crew::Call::sample, "web", steady_now()});
  crew.ask({Crew::Call::measure, "web", steady_now()});
  CHECK(eventually([&] { return in_progress == 3; }, 5s));
}

TEST_CASE("calls beyond the limit wait until one ends, or until the limit grows") {
  const bool limit_grows = GENERATE(true, false);
  constexpr std::uint32_t initial = 2;
  std::atomic<std::uint32_t> in_progress = 0;
  std::atomic<std::uint32_t> most = 0;
  std::atomic<bool> end = false;
  Crew crew(initial, threads, guard(), [&](const Task&, const auto&) {
    const auto now = ++in_progress;
    for (auto seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    std::ignore = eventually([&] { return end.load(); });
    --in_progress;
  });
  for (int i = 0; i < 20; ++i) crew.ask({Crew::Call::sample, std::to_string(i), steady_now()});
  REQUIRE(eventually([&] { return in_progress == initial; }));
  CHECK_FALSE(eventually([&] { return in_progress > initial; }, 100ms));
  auto limit = initial;
  if (limit_grows) {
    limit *= 2;
    while (crew.limit() < limit) crew.answered(10ms);
    CHECK(eventually([&] { return in_progress == limit; }, 5s));
  }
  end = true;
  crew.wait_until_idle({});
  CHECK(most == limit);
}

TEST_CASE("answers say nothing of the limit while fewer calls than that are in progress") {
  Crew crew(2, threads, guard(), [](const Task&, const auto&) {});
  for (int i = 0; i < 1'000; ++i) crew.answered(10ms);
  CHECK(crew.limit() == 2);
}

TEST_CASE("what is dropped is not made, and what is asked for afterwards is") {
  Begun begun;
  Crew crew(threads, threads, guard(), [&](const Task& task, const auto&) { begun.add(task.id); });
  crew.ask({Crew::Call::inspect, "dropped", steady_now() + 100ms});
  crew.ask({Crew::Call::inspect, "again", steady_now() + 100ms});
  crew.drop_all();
  crew.ask({Crew::Call::inspect, "again", steady_now() + 200ms});
  REQUIRE(eventually([&] { return begun.count("again") == 1; }));
  CHECK(begun.count("dropped") == 0);
}

TEST_CASE("the crew is idle when nothing is in progress and nothing is due, or all was dropped") {
  std::atomic<bool> end = false;
  std::atomic<int> made = 0;
  Crew crew(1, 1, guard(), [&](const Task&, const auto&) {
    std::ignore = eventually([&] { return end.load(); });
    ++made;
  });
  crew.wait_until_idle({});  // at once
  crew.ask({Crew::Call::inspect, "later", steady_now() + 1h});
  crew.ask({Crew::Call::inspect, "one", steady_now()});
  crew.ask({Crew::Call::inspect, "two", steady_now()});
  end = true;
  crew.wait_until_idle({});
  CHECK(made == 2);
}

TEST_CASE("a call that throws has ended, is logged and counted, and the others go on") {
  LogCapture capture;
  ThreadGuard threads_guard(capture.logger());
  Begun begun;
  Crew crew(1, 1, threads_guard, [&](const Task& task, const auto&) {
    begun.add(task.id);
    if (task.id == "throws") throw std::runtime_error("out of everything");
  });
  crew.ask({Crew::Call::inspect, "throws", steady_now()});
  crew.ask({Crew::Call::inspect, "other", steady_now()});
  crew.wait_until_idle({});
  CHECK(begun.count("other") == 1);
  crew.ask({Crew::Call::inspect, "throws", steady_now()});  // it is not in progress any more
  crew.wait_until_idle({});
  CHECK(begun.count("throws") == 2);
  CHECK(capture.count("out of everything") == 2);
  CHECK(threads_guard.failures().at("crew") == 2);
}

TEST_CASE("the end of a crew cancels the calls in progress and drops the others") {
  Begun begun;
  std::atomic<int> cancelled = 0;
  {
    Crew crew(1, 1, guard(), [&](const Task& task, const auto& stop) {
      begun.add(task.id);
      if (eventually([&] { return stop.stop_requested(); })) ++cancelled;
    });
    crew.ask({Crew::Call::inspect, "one", steady_now()});
    crew.ask({Crew::Call::inspect, "two", steady_now() + 10ms});
    REQUIRE(eventually([&] { return begun.count("one") == 1; }));
  }
  CHECK(cancelled == 1);
  CHECK(begun.count("two") == 0);
}
