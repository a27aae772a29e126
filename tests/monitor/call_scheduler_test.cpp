#include "monitor/call_scheduler.h"

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
using tidegauge::monitor::CallScheduler;
using tidegauge::test::eventually;
using tidegauge::test::LogCapture;
using Task = CallScheduler::Task;

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
    CallScheduler scheduler(threads, threads, guard(),
                            [&](const Task& task, const auto&) { begun.add(task.id); });
    scheduler.schedule({CallScheduler::Call::inspect, "later", steady_now() + 1h});
    scheduler.schedule({CallScheduler::Call::inspect, "soon", steady_now() + 20ms});
    REQUIRE(eventually([&] { return begun.count("soon") == 1; }, 5s));
    scheduler.schedule({CallScheduler::Call::inspect, "now", steady_now()});
    REQUIRE(eventually([&] { return begun.count("now") == 1; }, 5s));
    CHECK(begun.count("later") == 0);
  }
}

TEST_CASE("no call is made before it is due, and those due first come first") {
  Begun begun;
  std::atomic<bool> early = false;
  CallScheduler scheduler(1, 1, guard(), [&](const Task& task, const auto&) {
    if (steady_now() < task.due) early = true;
    begun.add(task.id);
  });
  const auto now = steady_now();
  scheduler.schedule({CallScheduler::Call::inspect, "third", now + 90ms});
  scheduler.schedule({CallScheduler::Call::inspect, "first", now + 30ms});
  scheduler.schedule({CallScheduler::Call::inspect, "second", now + 60ms});
  REQUIRE(eventually([&] { return begun.all().size() == 3; }));
  CHECK(begun.all() == std::vector<std::string>{"first", "second", "third"});
  CHECK_FALSE(early);
}

TEST_CASE("other calls are made beside one that hangs") {
  const auto other = GENERATE(0ms, 20ms);
  Begun begun;
  std::atomic<bool> other_made_meanwhile = false;
  CallScheduler scheduler(threads, threads, guard(), [&](const Task& task, const auto&) {
    begun.add(task.id);
    if (task.id != "hangs") return;
    other_made_meanwhile = eventually([&] { return begun.count("other") == 1; });
  });
  // One thread wakes for the first of the two: it has to wake the next for the second.
  const auto due = steady_now() + 20ms;
  scheduler.schedule({CallScheduler::Call::sample, "hangs", due});
  scheduler.schedule({CallScheduler::Call::sample, "other", due + other});
  REQUIRE(eventually([&] { return begun.count("other") == 1; }, 5s));
  scheduler.wait_until_idle({});
  CHECK(other_made_meanwhile);
}

TEST_CASE("a call asked for several times before it is begun is made once, at the earliest time") {
  Begun begun;
  CallScheduler scheduler(threads, threads, guard(),
                          [&](const Task& task, const auto&) { begun.add(task.id); });
  const auto now = steady_now();
  scheduler.schedule({CallScheduler::Call::inspect, "web", now + 1h});
  scheduler.schedule({CallScheduler::Call::inspect, "web", now + 20ms});
  scheduler.schedule({CallScheduler::Call::inspect, "web", now + 2h});
  scheduler.schedule({CallScheduler::Call::inspect, "end", now + 50ms});
  REQUIRE(eventually([&] { return begun.count("end") == 1; }));
  CHECK(begun.count("web") == 1);
}

TEST_CASE("a call asked for while it is in progress is made again afterwards, not beside itself") {
  Begun begun;
  std::atomic<int> in_progress = 0;
  std::atomic<bool> overlapped = false;
  std::atomic<bool> end = false;
  CallScheduler scheduler(threads, threads, guard(), [&](const Task& task, const auto&) {
    if (++in_progress > 1) overlapped = true;
    begun.add(task.id);
    std::ignore = eventually([&] { return end.load(); });
    --in_progress;
  });
  scheduler.schedule({CallScheduler::Call::inspect, "web", steady_now()});
  REQUIRE(eventually([&] { return begun.count("web") == 1; }));
  scheduler.schedule({CallScheduler::Call::inspect, "later", steady_now() + 1h});
  const auto again = GENERATE(0ms, 50ms);
  scheduler.schedule({CallScheduler::Call::inspect, "web", steady_now() + again});
  end = true;
  REQUIRE(eventually([&] { return begun.count("web") == 2; }, 5s));
  CHECK_FALSE(overlapped);
}

TEST_CASE("calls of another kind about the same container are calls of their own") {
  std::atomic<int> in_progress = 0;
  CallScheduler scheduler(threads, threads, guard(), [&](const Task&, const auto&) {
    ++in_progress;
    std::ignore = eventually([&] { return in_progress == 3; });
  });
  scheduler.schedule({CallScheduler::Call::inspect, "web", steady_now()});
  scheduler.schedule({CallScheduler::Call::sample, "web", steady_now()});
  scheduler.schedule({CallScheduler::Call::measure, "web", steady_now()});
  CHECK(eventually([&] { return in_progress == 3; }, 5s));
}

TEST_CASE("calls beyond the limit wait until one ends, or until the limit grows") {
  const bool limit_grows = GENERATE(true, false);
  constexpr std::uint32_t initial = 2;
  std::atomic<std::uint32_t> in_progress = 0;
  std::atomic<std::uint32_t> most = 0;
  std::atomic<bool> end = false;
  CallScheduler scheduler(initial, threads, guard(), [&](const Task&, const auto&) {
    const auto now = ++in_progress;
    for (auto seen = most.load(); seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    std::ignore = eventually([&] { return end.load(); });
    --in_progress;
  });
  for (int i = 0; i < 20; ++i)
    scheduler.schedule({CallScheduler::Call::sample, std::to_string(i), steady_now()});
  REQUIRE(eventually([&] { return in_progress == initial; }));
  CHECK_FALSE(eventually([&] { return in_progress > initial; }, 100ms));
  auto limit = initial;
  if (limit_grows) {
    limit *= 2;
    while (scheduler.limit() < limit) scheduler.answered(10ms);
    CHECK(eventually([&] { return in_progress == limit; }, 5s));
  }
  end = true;
  scheduler.wait_until_idle({});
  CHECK(most == limit);
}

TEST_CASE("answers say nothing of the limit while fewer calls than that are in progress") {
  CallScheduler scheduler(2, threads, guard(), [](const Task&, const auto&) {});
  for (int i = 0; i < 1'000; ++i) scheduler.answered(10ms);
  CHECK(scheduler.limit() == 2);
}

TEST_CASE("what is dropped is not made, and what is asked for afterwards is") {
  Begun begun;
  CallScheduler scheduler(threads, threads, guard(),
                          [&](const Task& task, const auto&) { begun.add(task.id); });
  scheduler.schedule({CallScheduler::Call::inspect, "dropped", steady_now() + 100ms});
  scheduler.schedule({CallScheduler::Call::inspect, "again", steady_now() + 100ms});
  scheduler.cancel_pending();
  scheduler.schedule({CallScheduler::Call::inspect, "again", steady_now() + 200ms});
  REQUIRE(eventually([&] { return begun.count("again") == 1; }));
  CHECK(begun.count("dropped") == 0);
}

TEST_CASE(
    "the scheduler is idle when nothing is in progress and nothing is due, or all was dropped") {
  std::atomic<bool> end = false;
  std::atomic<int> made = 0;
  CallScheduler scheduler(1, 1, guard(), [&](const Task&, const auto&) {
    std::ignore = eventually([&] { return end.load(); });
    ++made;
  });
  scheduler.wait_until_idle({});  // at once
  scheduler.schedule({CallScheduler::Call::inspect, "later", steady_now() + 1h});
  scheduler.schedule({CallScheduler::Call::inspect, "one", steady_now()});
  scheduler.schedule({CallScheduler::Call::inspect, "two", steady_now()});
  end = true;
  scheduler.wait_until_idle({});
  CHECK(made == 2);
}

TEST_CASE("a call that throws has ended, is logged and counted, and the others go on") {
  LogCapture capture;
  ThreadGuard threads_guard(capture.logger());
  Begun begun;
  CallScheduler scheduler(1, 1, threads_guard, [&](const Task& task, const auto&) {
    begun.add(task.id);
    if (task.id == "throws") throw std::runtime_error("out of everything");
  });
  scheduler.schedule({CallScheduler::Call::inspect, "throws", steady_now()});
  scheduler.schedule({CallScheduler::Call::inspect, "other", steady_now()});
  scheduler.wait_until_idle({});
  CHECK(begun.count("other") == 1);
  scheduler.schedule(
      {CallScheduler::Call::inspect, "throws", steady_now()});  // it is not in progress any more
  scheduler.wait_until_idle({});
  CHECK(begun.count("throws") == 2);
  CHECK(capture.count("out of everything") == 2);
  CHECK(threads_guard.failures().at("scheduler") == 2);
}

TEST_CASE("the end of a scheduler cancels the calls in progress and drops the others") {
  Begun begun;
  std::atomic<int> cancelled = 0;
  {
    CallScheduler scheduler(1, 1, guard(), [&](const Task& task, const auto& stop) {
      begun.add(task.id);
      if (eventually([&] { return stop.stop_requested(); })) ++cancelled;
    });
    scheduler.schedule({CallScheduler::Call::inspect, "one", steady_now()});
    scheduler.schedule({CallScheduler::Call::inspect, "two", steady_now() + 10ms});
    REQUIRE(eventually([&] { return begun.count("one") == 1; }));
  }
  CHECK(cancelled == 1);
  CHECK(begun.count("two") == 0);
}
