#include "monitor/lifecycle_counters.h"

#include <algorithm>

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using monitor::LifecycleCounters;

namespace {

const Moment start{.steady = SteadyTime{1h}, .wall = WallTime{1'700'000'000s}};

Moment after(std::chrono::nanoseconds duration) {
  return {.steady = start.steady + duration, .wall = start.wall + duration};
}

/// The restarts of each name; what was in the vector before is written over.
std::vector<std::pair<std::string, std::uint64_t>> restarts_in(const LifecycleCounters& counters) {
  std::vector<std::pair<std::string, model::Lifecycle>> lifecycles(3);
  counters.write(lifecycles);
  std::vector<std::pair<std::string, std::uint64_t>> restarts;
  for (const auto& [name, lifecycle] : lifecycles) restarts.emplace_back(name, lifecycle.restarts);
  return restarts;
}

using Restarts = std::vector<std::pair<std::string, std::uint64_t>>;

}  // namespace

TEST_CASE("counters of a name begin when it is first seen, and are sorted by name") {
  LifecycleCounters counters(1h);
  counters.of("web", start).restarts = 2;
  counters.of("db", after(1s));
  CHECK(counters.of("web", after(5s)).counted_since == start.wall);
  CHECK(restarts_in(counters) == Restarts{{"db", 0}, {"web", 2}});
}

TEST_CASE("a retired name is kept for a time, and goes on if the name is used again") {
  LifecycleCounters counters(1h);
  counters.of("web", start).restarts = 2;
  counters.of("db", start).restarts = 1;
  counters.retire("web", after(1min));
  counters.retire("db", after(1min));
  counters.of("db", after(2min));
  counters.drop_expired(after(1h + 1min - 1ms).steady);
  CHECK(restarts_in(counters).size() == 2);
  counters.drop_expired(after(1h + 1min).steady);
  CHECK(restarts_in(counters) == Restarts{{"db", 1}});
}

TEST_CASE("counters that are all zero are dropped with their name, unless they were shown") {
  LifecycleCounters counters(1h);
  counters.of("web", start);
  counters.of("db", start);
  counters.retire("web", start);
  counters.retire_with_zeros("db", start);
  counters.retire("unknown", start);
  CHECK(restarts_in(counters) == Restarts{{"db", 0}});
  counters.drop_expired(after(1h).steady);
  CHECK(restarts_in(counters).empty());
}

TEST_CASE("counters are renamed with their container, and added to those of the new name") {
  LifecycleCounters counters(1h);
  counters.of("old", start).restarts = 2;
  counters.of("new", start).restarts = 3;
  counters.rename("old", "new");
  counters.rename("unknown", "other");
  CHECK(restarts_in(counters) == Restarts{{"new", 5}});
}

TEST_CASE("the counters of a name that is not watched are not shown, and go on if it is again") {
  LifecycleCounters counters(1h);
  counters.of("web", start).restarts = 2;
  counters.hide("web", start);
  CHECK(restarts_in(counters).empty());
  counters.drop_expired(after(59min).steady);
  ++counters.of("web", after(59min)).restarts;
  CHECK(restarts_in(counters) == Restarts{{"web", 3}});
  counters.hide("web", after(1h));
  counters.drop_expired(after(2h).steady);
  CHECK(counters.of("web", after(2h)).restarts == 0);
}

TEST_CASE("how long counters are kept may change while they are") {
  LifecycleCounters counters(1h);
  counters.of("web", start).restarts = 2;
  counters.retire("web", start);
  counters.keep_for(10min);
  counters.drop_expired(after(9min).steady);
  CHECK(restarts_in(counters).size() == 1);
  counters.drop_expired(after(10min).steady);
  CHECK(restarts_in(counters).empty());
}

TEST_CASE("containers that are not watched are counted and not shown") {
  LifecycleCounters counters(1h);
  counters.of_unwatched().restarts = 7;
  CHECK(restarts_in(counters).empty());
  CHECK(counters.of_unwatched().restarts == 7);
}

TEST_CASE("the longest retired names are dropped beyond ten thousand") {
  LifecycleCounters counters(1h);
  for (int i = 0; i < 10'002; ++i) {
    const auto name = std::to_string(i);
    counters.of(name, start).restarts = 1;
    counters.retire(name, after(i * 1ms));
  }
  counters.of("alive", start);
  counters.drop_expired(after(1min).steady);
  const auto left = restarts_in(counters);
  CHECK(left.size() == 10'001);
  CHECK(std::ranges::count(left, std::pair<std::string, std::uint64_t>("0", 1)) == 0);
  CHECK(std::ranges::count(left, std::pair<std::string, std::uint64_t>("1", 1)) == 0);
  CHECK(std::ranges::count(left, std::pair<std::string, std::uint64_t>("alive", 0)) == 1);
}
