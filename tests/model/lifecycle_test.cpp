#include "tidegauge/model/lifecycle.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::EndCause;

namespace {

WallTime at(int seconds) {
  return WallTime{std::chrono::seconds{seconds}};
}

}  // namespace

TEST_CASE("the sum of two lifecycles counts both, from the earlier start to the later end") {
  model::Lifecycle sum{.counted_since = at(20), .restarts = 1, .last_exit_at = at(30)};
  sum.oom_events = 2;
  sum.exits[0] = 3;
  const model::Lifecycle other{
      .counted_since = at(10), .restarts = 4, .exits = {1, 1}, .last_oom_at = at(25)};
  sum += other;
  CHECK(sum.counted_since == at(10));
  CHECK(sum.restarts == 5);
  CHECK(sum.oom_events == 2U);
  CHECK(sum.exits[0] == 4);
  CHECK(sum.exits[1] == 1);
  CHECK(sum.last_exit_at == at(30));
  CHECK(sum.last_oom_at == at(25));
}

TEST_CASE("the sum of two lifecycles has the later of their last runs, and all finished runs") {
  const model::LastRun earlier{.cause = model::EndCause::error};
  const model::LastRun later{.cause = model::EndCause::oom};
  const model::Lifecycle one{
      .last_exit_at = at(30), .last_run = later, .finished_runs = {2, 0.5, 10}};
  const model::Lifecycle other{
      .last_exit_at = at(20), .last_run = earlier, .finished_runs = {1, 1.5, 5}};
  auto sum = one;
  CHECK((sum += other).last_run == later);
  CHECK(sum.finished_runs == model::FinishedRuns{3, 2, 15});
  sum = other;
  CHECK((sum += one).last_run == later);
  sum = {.last_exit_at = at(40)};
  CHECK((sum += one).last_run == later);
}

TEST_CASE("the sum of lifecycles takes the start of the one that has a start") {
  model::Lifecycle sum;
  sum += {.counted_since = at(10)};
  CHECK(sum.counted_since == at(10));
}

TEST_CASE("an Engine that does not report out-of-memory events has no count of them in the sum") {
  model::Lifecycle sum{.oom_events = std::nullopt};
  sum += {.oom_events = 3};
  CHECK_FALSE(sum.oom_events);
}

TEST_CASE("a lifecycle is blank until something is counted") {
  CHECK(model::is_blank(model::Lifecycle{}));
  CHECK(model::is_blank({.counted_since = at(10), .oom_events = std::nullopt}));
  CHECK_FALSE(model::is_blank({.restarts = 1}));
  CHECK_FALSE(model::is_blank({.oom_events = 1}));
  CHECK_FALSE(model::is_blank({.exits = {0, 1}}));
  CHECK_FALSE(model::is_blank({.health_transitions = {1}}));
}

TEST_CASE("an end is counted by its cause, with what its run has used") {
  model::Lifecycle counts;
  const model::RunEnd end{
      .started_at = at(10),
      .ended_at = at(12),
      .exit_code = 137,
      .signal = 9,
      .cause = EndCause::oom,
      .use = model::RunUse{.cpu_seconds = 1.5, .memory_peak_bytes = 4096},
  };
  model::count_end(end, counts);
  model::count_end(end, counts);
  CHECK(counts.exits.at(static_cast<std::size_t>(EndCause::oom)) == 2);
  CHECK(counts.last_exit_at == at(12));
  CHECK(counts.last_run == model::LastRun{EndCause::oom, 9, 2.0, 1.5, 4096});
  CHECK(counts.finished_runs == model::FinishedRuns{2, 3.0, 4.0});
}

TEST_CASE("a run that could not be started is an end, but no finished run") {
  model::Lifecycle counts;
  model::count_end({.started_at = at(1), .ended_at = at(5), .cause = EndCause::not_started},
                   counts);
  CHECK(counts.exits.at(static_cast<std::size_t>(EndCause::not_started)) == 1);
  CHECK(counts.last_run == model::LastRun{.cause = EndCause::not_started});
  CHECK(counts.finished_runs == model::FinishedRuns{});
}

TEST_CASE("a run whose end was not seen has no duration") {
  model::Lifecycle counts;
  model::count_end({.started_at = at(1), .ended_at = at(500)}, counts);
  CHECK_FALSE(counts.last_run.value().duration_seconds);
  CHECK(counts.finished_runs == model::FinishedRuns{1, 0, 0});
}
