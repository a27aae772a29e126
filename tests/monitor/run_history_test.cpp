#include "monitor/run_history.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <tuple>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::Container;
using model::ContainerState;
using monitor::FoundEnd;
using monitor::RunHistory;

namespace {

/// A container as its Engine knows it, and what is counted of it.
class Life {
 public:
  [[nodiscard]] WallTime now() const { return now_; }
  /// The Engine's clock is set.
  void leap(std::chrono::nanoseconds by) { now_ += by; }

  // What happens, without being told.
  void start(bool by_hand = true) {
    now_ += 1s;
    truth_.state = ContainerState::running;
    truth_.started_at = now_;
    truth_.exit_code.reset();
    truth_.oom_killed = false;
    if (by_hand)
      truth_.restart_count = 0;
    else
      ++*truth_.restart_count;
  }
  void end(int code) {
    now_ += 1s;
    truth_.state = ContainerState::exited;
    truth_.finished_at = now_;
    truth_.exit_code = code;
  }
  /// So soon that the Engine dates it before the start.
  void end_at_once(int code) {
    end(code);
    truth_.finished_at = *truth_.started_at - 3ms;
  }
  void kill_child() { truth_.oom_killed = true; }

  // What is told, a moment after it happened.
  void tell_start() { std::ignore = history_.started(now_ + 300us, counts_); }
  void tell_end() { history_.ended(now_ + 300us, truth_.exit_code, counts_); }
  void tell_oom() { history_.out_of_memory(now_ + 300us, counts_); }
  void inspect() {
    history_.inspected(truth_, known_, now_, counts_);
    known_ = truth_;
  }
  void inspect_after_gap() {
    history_.expect_gap();
    inspect();
  }

  RunHistory& history() { return history_; }
  model::Lifecycle& counts() { return counts_; }
  [[nodiscard]] const Container& truth() const { return truth_; }
  [[nodiscard]] std::uint64_t restarts() const { return counts_.restarts; }
  [[nodiscard]] std::uint64_t ooms() const { return counts_.oom_events.value(); }
  /// How many ends were found, without counting one twice.
  std::uint64_t exits() {
    take_ends();
    return static_cast<std::uint64_t>(std::ranges::count_if(
        ends_, [](const FoundEnd& end) { return end.by != FoundEnd::By::late_event; }));
  }
  std::uint64_t exits(int code) {
    take_ends();
    return static_cast<std::uint64_t>(std::ranges::count(ends_, code, &FoundEnd::exit_code));
  }
  /// Those of which neither an event nor an inspect has told.
  std::uint64_t lost_ends() {
    take_ends();
    return static_cast<std::uint64_t>(
        std::ranges::count_if(ends_, [](const FoundEnd& end) { return !end.exit_code; }));
  }

 private:
  WallTime now_{1'795'424'400s};
  Container truth_{.state = ContainerState::created, .restart_count = 0};
  Container known_{.state = ContainerState::created};
  void take_ends() {
    for (auto& end : history_.take_ends()) ends_.push_back(end);
  }

  RunHistory history_;
  model::Lifecycle counts_;
  std::vector<FoundEnd> ends_;
};

}  // namespace

// --- starts and ends -----------------------------------------------------------------------------

TEST_CASE("a first inspect that is ahead of a restart leaves its events to be counted once") {
  Life web;
  web.start();
  const auto first_start = web.now() + 300us;
  web.end(137);
  const auto first_end = web.now() + 300us;
  web.start();
  web.inspect();
  std::ignore = web.history().started(first_start, web.counts());
  CHECK(web.restarts() == 0);
  const bool is_inspected_between = GENERATE(true, false);
  if (is_inspected_between) web.inspect();
  web.history().ended(first_end, 137, web.counts());
  web.tell_start();
  CHECK(web.restarts() == 1);
  CHECK(web.exits() == 1);
  web.inspect();
  CHECK(web.restarts() == 1);
  CHECK(web.exits() == 1);
}

TEST_CASE(
    "a restart of the Engine without an event of the end counts as a restart of the container") {
  Life web;
  web.start();
  web.inspect();
  SECTION("and its start is told before it is inspected") {
    web.leap(10s);
    web.start(false);
    web.tell_start();
    const bool listed = GENERATE(true, false);
    if (listed) web.history().expect_gap();
    web.inspect();
  }
  SECTION("and its start is told after it is inspected") {
    web.start(false);
    web.inspect_after_gap();
    web.tell_start();
    web.inspect();
  }
  SECTION("and its start is never told") {
    web.start(false);
    web.inspect_after_gap();
  }
  CHECK(web.restarts() == 1);
  CHECK(web.exits() == 1);
  CHECK(web.lost_ends() == 1);  // nobody knows the code
  web.end(4);
  web.tell_end();
  web.inspect();
  web.start(false);
  web.tell_start();
  web.inspect();
  CHECK(web.restarts() == 2);
  CHECK(web.exits() == 2);
  CHECK(web.exits(4) == 1);
}

TEST_CASE("an end during the stop of the Engine is counted with its code") {
  Life web;
  web.start();
  web.inspect();
  web.end(4);
  web.tell_end();
  web.start(false);
  const bool inspected_first = GENERATE(true, false);
  if (inspected_first) web.inspect_after_gap();
  web.tell_start();
  web.inspect_after_gap();
  CHECK(web.restarts() == 1);
  CHECK(web.exits() == 1);
  CHECK(web.exits(4) == 1);
}

TEST_CASE("the late event of a start that the first inspect has shown is no restart") {
  Life web;
  web.start();
  web.inspect();
  web.tell_start();
  SECTION("and it runs on") {
    web.inspect();
  }
  SECTION("and it ends before it is inspected again") {
    web.end(0);
    web.tell_end();
    web.inspect();
  }
  SECTION("and it is started again before it is inspected again") {
    web.end(0);
    web.tell_end();
    web.start();
    web.tell_start();
    CHECK(web.restarts() == 1);
    return;
  }
  CHECK(web.restarts() == 0);
}

TEST_CASE("an end and a start whose events precede the inspect count once") {
  Life web;
  web.start();
  web.inspect();
  web.leap(1min);
  web.start(false);  // its end was lost
  web.tell_start();
  web.end(1);
  web.tell_end();
  web.start(false);
  web.tell_start();
  web.inspect();
  CHECK(web.restarts() == 2);
  CHECK(web.exits() == 2);
  CHECK(web.lost_ends() == 1);
}

TEST_CASE("a container that ended before the watch counts its next start") {
  Life web;
  web.start();
  web.end(0);
  web.inspect();
  web.start();
  web.tell_start();
  web.inspect();
  CHECK(web.restarts() == 1);
  CHECK(web.exits() == 0);
}

TEST_CASE("a first event of a start is a restart if the inspect shows an earlier end") {
  Life web;
  const bool ended_before = GENERATE(true, false);
  if (ended_before) {
    web.start();
    web.end(0);
  }
  web.start();
  web.tell_start();
  web.inspect();
  CHECK(web.restarts() == (ended_before ? 1 : 0));
}

TEST_CASE("a run whose end is dated before its start is no restart") {
  Life web;
  SECTION("and is told before it is inspected") {
    web.start();
    web.tell_start();
    web.end_at_once(137);
  }
  SECTION("and is told when it is inspected") {
    web.start();
    web.end_at_once(137);
    web.inspect();
    web.tell_start();
  }
  web.tell_end();
  web.inspect();
  CHECK(web.restarts() == 0);
  web.start();
  web.tell_start();
  web.inspect();
  CHECK(web.restarts() == 1);
}

TEST_CASE("the order of events counts, not the Engine's clock") {
  Life web;
  web.start();
  web.inspect();
  web.end(1);
  web.tell_end();
  web.leap(-600s);
  web.start();
  web.tell_start();
  CHECK(web.restarts() == 1);
  web.inspect();
  web.end(1);
  web.tell_end();
  web.start();
  web.tell_start();
  web.inspect_after_gap();
  CHECK(web.restarts() == 2);
  CHECK(web.exits() == 2);
}

TEST_CASE("a restart in a gap counts although the Engine's clock was set back") {
  Life web;
  web.start();
  web.inspect();
  web.leap(-600s);
  web.start(false);
  web.inspect_after_gap();
  CHECK(web.restarts() == 1);
}

TEST_CASE("the late events of an end and a start that an inspect has shown do not count again") {
  Life web;
  web.start();
  web.inspect();
  web.end(1);
  web.inspect_after_gap();
  web.tell_end();
  CHECK(web.exits() == 1);
  web.start();
  web.tell_start();
  web.end(1);
  web.tell_end();
  CHECK(web.restarts() == 1);
  CHECK(web.exits() == 2);
}

TEST_CASE("the next end counts after an end whose event was lost") {
  Life web;
  web.start();
  web.inspect();
  web.end(1);
  web.inspect_after_gap();
  web.start();
  web.tell_start();
  web.end(2);
  web.tell_end();
  web.inspect();
  CHECK(web.exits() == 2);
  CHECK(web.restarts() == 1);
}

TEST_CASE("the next restart counts after a restart whose event was lost") {
  Life web;
  web.start();
  web.inspect();
  web.start(false);
  web.inspect_after_gap();
  web.end(1);
  web.tell_end();
  web.start(false);
  web.tell_start();
  web.inspect();
  CHECK(web.restarts() == 2);
  CHECK(web.exits() == 2);
  CHECK(web.lost_ends() == 1);
}

TEST_CASE("the next run counts after a run whose start event was lost") {
  Life web;
  web.start();
  web.inspect();
  web.start(false);
  web.end(1);
  web.inspect_after_gap();
  web.tell_end();
  web.start();
  web.tell_start();
  web.inspect();
  CHECK(web.restarts() == 2);
  CHECK(web.exits() == 2);
  CHECK(web.lost_ends() == 1);
}

TEST_CASE("a manual restart in a gap counts once, although it resets the Engine's own count") {
  Life web;
  web.start();
  for (int i = 0; i < 3; ++i) web.start(false);
  web.inspect();
  web.end(0);
  web.start();
  web.inspect_after_gap();
  CHECK(web.restarts() == 1);
}

TEST_CASE("restarts in a gap count by the Engine's own count, and their late events do not") {
  Life web;
  web.start();
  web.inspect();
  std::deque<WallTime> starts;
  std::deque<WallTime> ends;
  for (int i = 0; i < 3; ++i) {
    web.end(1);
    ends.push_back(web.now());
    web.start(false);
    starts.push_back(web.now());
  }
  web.inspect_after_gap();
  CHECK(web.restarts() == 3);
  CHECK(web.counts().last_exit_at == ends.back());
  for (std::size_t i = 0; i < starts.size(); ++i) {
    web.history().ended(ends.at(i) + 300us, 1, web.counts());
    std::ignore = web.history().started(starts.at(i) + 300us, web.counts());
  }
  CHECK(web.restarts() == 3);
  CHECK(web.exits() == 3);
}

TEST_CASE("restarts with events do not reduce the restarts of the next gap") {
  Life web;
  web.start();
  web.inspect();
  web.end(1);
  web.tell_end();
  web.start(false);
  web.tell_start();
  web.inspect();
  for (int i = 0; i < 2; ++i) {
    web.end(1);
    web.start(false);
  }
  web.inspect_after_gap();
  CHECK(web.restarts() == 3);
}

TEST_CASE("a start without an event counts when the next gap shows it") {
  Life web;
  web.start();
  web.end(1);
  web.tell_end();
  web.start();
  web.inspect();
  web.inspect_after_gap();
  CHECK(web.restarts() == 1);
}

TEST_CASE("an end without its code is counted once, with the code of the inspect") {
  Life web;
  web.start();
  web.inspect();
  web.end(137);
  web.history().ended(web.now() + 300us, std::nullopt, web.counts());
  CHECK(web.exits() == 0);
  web.inspect();
  CHECK(web.exits(137) == 1);
  web.inspect_after_gap();
  CHECK(web.exits() == 1);
  web.start();
  web.tell_start();
  CHECK(web.restarts() == 1);
  web.end(1);
  web.tell_end();
  CHECK(web.exits() == 2);
}

// --- out-of-memory kills -------------------------------------------------------------------------

TEST_CASE("a child that was killed before the watch is no kill of a later end") {
  Life web;
  web.start();
  web.kill_child();
  web.inspect();
  web.leap(1h);
  web.end(0);
  const bool told = GENERATE(true, false);
  if (told) web.tell_end();
  web.inspect_after_gap();
  CHECK(web.exits(0) == 1);
  CHECK(web.ooms() == 0);
}

TEST_CASE("a child that was killed before the watch is no kill if the Engine shows it at the end") {
  Life web;
  web.start();
  web.inspect();
  web.leap(1h);
  web.kill_child();
  web.end(0);
  web.tell_end();
  web.inspect();
  CHECK(web.ooms() == 0);
}

TEST_CASE("a kill just before the watch counts with the end after it") {
  Life web;
  web.start();
  web.kill_child();
  web.end(137);
  web.tell_end();
  web.inspect();
  CHECK(web.ooms() == 1);
  CHECK(web.counts().last_oom_at == web.truth().finished_at);
  web.inspect_after_gap();
  CHECK(web.ooms() == 1);
}

TEST_CASE("a kill whose event follows the end counts once, whenever the inspect is") {
  Life web;
  web.start();
  web.inspect();
  web.kill_child();
  web.end(137);
  web.tell_end();
  const bool inspected_first = GENERATE(true, false);
  if (inspected_first) web.inspect();
  web.tell_oom();
  web.inspect();
  CHECK(web.ooms() == 1);
}

TEST_CASE("a child that was killed in a gap counts once, and the next child counts too") {
  Life web;
  web.start();
  web.inspect();
  web.kill_child();
  web.inspect_after_gap();
  CHECK(web.ooms() == 1);
  const bool told_late = GENERATE(true, false);
  if (told_late) web.tell_oom();
  CHECK(web.ooms() == 1);
  web.leap(1min);
  web.tell_oom();
  web.inspect_after_gap();
  CHECK(web.ooms() == 2);
}

TEST_CASE("each kill event of one run counts") {
  Life web;
  web.start();
  web.inspect();
  web.kill_child();
  web.tell_oom();
  web.inspect_after_gap();
  web.tell_oom();
  web.end(137);
  web.tell_end();
  web.inspect();
  CHECK(web.ooms() == 2);
}

TEST_CASE("each run has its own kill") {
  Life web;
  web.start();
  web.inspect();
  for (int i = 0; i < 2; ++i) {
    web.kill_child();
    web.end(137);
    web.tell_end();
    web.inspect();
    web.start();
    web.tell_start();
    web.inspect();
  }
  CHECK(web.ooms() == 2);
}

TEST_CASE("a kill that an inspect shows does not hide a kill of the next run") {
  Life web;
  web.start();
  web.inspect();
  web.kill_child();
  web.end(137);
  web.inspect_after_gap();
  CHECK(web.ooms() == 1);
  web.start();
  web.tell_start();
  web.kill_child();
  web.tell_oom();
  CHECK(web.ooms() == 2);
}

TEST_CASE("a kill event of a run that an inspect has shown counts once") {
  Life web;
  web.start();
  web.inspect();
  web.start(false);
  web.inspect_after_gap();
  web.leap(1min);
  web.kill_child();
  web.tell_oom();
  web.end(137);
  web.tell_end();
  web.inspect();
  CHECK(web.ooms() == 1);
  CHECK(web.exits() == 2);
  CHECK(web.lost_ends() == 1);
}

// --- any order -----------------------------------------------------------------------------------

namespace {

/// Events that are told late, and inspects at any time, after gaps or not.
class RandomLife {
 public:
  explicit RandomLife(std::uint32_t seed) : random_(seed) {}

  void live(int steps) {
    web_.start();
    if (chance(2)) web_.inspect();
    for (int i = 0; i < steps; ++i) {
      switch (random_() % 4) {
        case 0:
          happen();
          break;
        case 1:
          tell();
          break;
        case 2:
          web_.inspect();
          break;
        default:
          if (late_ == 0) {
            web_.inspect_after_gap();
            late_ = untold_.size();
          }
      }
    }
    while (!untold_.empty()) tell();
    web_.inspect();
  }

  void check() {
    CHECK(web_.restarts() == restarts_);
    CHECK(web_.exits() == exits_);
    CHECK(web_.ooms() == ooms_);
  }

 private:
  enum class What { start, end, oom };
  struct Told {
    What what;
    WallTime at;
    int code;
  };

  bool chance(std::uint32_t one_in) { return random_() % one_in == 0; }

  void happen() {
    if (web_.truth().state != ContainerState::running) {
      web_.start(chance(2));
      ++restarts_;
      untold_.push_back({What::start, web_.now() + 300us, 0});
      return;
    }
    if (chance(2)) {
      web_.kill_child();
      ++ooms_;
      untold_.push_back({What::oom, web_.now() + 400us, 0});
    }
    if (chance(3)) return;
    const int code = chance(2) ? 137 : 1;
    if (chance(4))
      web_.end_at_once(code);
    else
      web_.end(code);
    ++exits_;
    untold_.push_back({What::end, web_.now() + 500us, *web_.truth().exit_code});
  }

  void tell() {
    if (untold_.empty()) return;
    const auto told = untold_.front();
    untold_.pop_front();
    if (late_ > 0) --late_;
    if (told.what == What::start) std::ignore = web_.history().started(told.at, web_.counts());
    if (told.what == What::end) web_.history().ended(told.at, told.code, web_.counts());
    if (told.what == What::oom) web_.history().out_of_memory(told.at, web_.counts());
  }

  std::mt19937 random_;
  Life web_;
  std::deque<Told> untold_;
  std::size_t late_ = 0;  // of them, those of before the last gap was noticed
  std::uint64_t restarts_ = 0;
  std::uint64_t exits_ = 0;
  std::uint64_t ooms_ = 0;
};

}  // namespace

TEST_CASE("every fact is counted once in any order of events, inspects and gaps") {
  for (std::uint32_t seed = 0; seed < 2'000; ++seed) {
    CAPTURE(seed);
    RandomLife life(seed);
    life.live(40);
    life.check();
  }
}
