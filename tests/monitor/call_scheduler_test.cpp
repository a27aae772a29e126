#include "monitor/call_scheduler.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
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

TEST_CASE("no call is made before it is due, and the call that is due first comes first") {
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

TEST_CASE(
    "a call that is scheduled several times before it begins is made once, at the earliest time") {
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

TEST_CASE("a call that is scheduled while it is in progress is made again after it has ended") {
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

TEST_CASE("calls of another kind about the same container are separate calls") {
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

TEST_CASE("answers do not change the limit while fewer calls than that are in progress") {
  CallScheduler scheduler(2, threads, guard(), [](const Task&, const auto&) {});
  for (int i = 0; i < 1'000; ++i) scheduler.answered(10ms);
  CHECK(scheduler.limit() == 2);
}

TEST_CASE("a cancelled call is not made, and a call scheduled afterwards is made") {
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

TEST_CASE("the scheduler is idle if no call is in progress and none is due, or all are cancelled") {
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

TEST_CASE("a call that throws is logged and counted, and the others go on") {
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

TEST_CASE("the end of a scheduler cancels the calls in progress and the pending calls") {
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

// --- limits that change -------------------------------------------------------------------------

namespace {

/// A scheduler whose calls hang until they are let go, and how many of them are in progress.
class Hanging {
 public:
  explicit Hanging(std::uint32_t max)
      : scheduler_(max, max, guard(), [this](const Task&, const std::stop_token& stop) {
          ++in_progress_;
          while (held_ && !stop.stop_requested()) std::this_thread::yield();
          --in_progress_;
          ++ended_;
        }) {}

  CallScheduler& scheduler() { return scheduler_; }
  void schedule(int calls) {
    for (int i = 0; i < calls; ++i) {
      scheduler_.schedule(
          {CallScheduler::Call::sample, std::to_string(scheduled_++), steady_now()});
    }
  }
  [[nodiscard]] int in_progress() const { return in_progress_; }
  [[nodiscard]] int ended() const { return ended_; }
  void let_go() { held_ = false; }
  void hold() { held_ = true; }

 private:
  std::atomic<bool> held_ = true;
  std::atomic<int> in_progress_ = 0;
  std::atomic<int> ended_ = 0;
  int scheduled_ = 0;
  CallScheduler scheduler_;
};

}  // namespace

TEST_CASE("more calls may be allowed at the same time while all that were allowed hang") {
  Hanging calls(2);
  calls.schedule(10);
  REQUIRE(eventually([&] { return calls.in_progress() == 2; }));
  calls.scheduler().set_limits(5, 5);
  CHECK(eventually([&] { return calls.in_progress() == 5; }));
  CHECK(calls.scheduler().limit() == 5);
  calls.let_go();
  CHECK(eventually([&] { return calls.ended() == 10; }));
}

TEST_CASE("fewer calls may be allowed while more are in progress, which go on to their end") {
  Hanging calls(5);
  calls.schedule(12);
  REQUIRE(eventually([&] { return calls.in_progress() == 5; }));
  calls.scheduler().set_limits(2, 2);
  CHECK(calls.in_progress() == 5);
  calls.let_go();
  CHECK(eventually([&] { return calls.ended() == 12; }));
  calls.hold();
  calls.schedule(10);
  REQUIRE(eventually([&] { return calls.in_progress() == 2; }));
  CHECK(calls.scheduler().limit() == 2);
  calls.scheduler().set_limits(4, 4);  // threads that have ended are started again
  CHECK(eventually([&] { return calls.in_progress() == 4; }));
  calls.let_go();
  CHECK(eventually([&] { return calls.ended() == 22; }));
}

TEST_CASE("limits may change again and again while calls are made") {
  Hanging calls(1);
  calls.let_go();
  for (int i = 0; i < 200; ++i) {
    calls.schedule(3);
    const auto max = static_cast<std::uint32_t>(1 + i % 7);
    calls.scheduler().set_limits(max, max);
  }
  CHECK(eventually([&] { return calls.ended() == 600; }));
  CHECK(log().count("call") == 0);
}
