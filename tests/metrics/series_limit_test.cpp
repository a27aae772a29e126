#include "tidegauge/metrics/series_limit.h"

#include <chrono>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/log_capture.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using metrics::SeriesLimit;
using Candidates = std::vector<SeriesLimit::Candidate>;

namespace {

constexpr WallTime start{1'795'424'400s};

SeriesLimit::Candidate one(const std::string& name, std::chrono::seconds born, std::size_t series) {
  return {.key = "id of " + name, .name = name, .since = start + born, .series = series};
}

SeriesLimit::Candidate gone(SeriesLimit::Candidate candidate) {
  candidate.gone = true;
  return candidate;
}

}  // namespace

TEST_CASE("all are on the page up to the limit, and nothing is said") {
  test::LogCapture log;
  SeriesLimit limit(100, log.logger());
  CHECK(limit.choose({one("a", 1s, 60), one("b", 2s, 40)}) == std::vector{true, true});
  CHECK(limit.choose({}).empty());
  CHECK(limit.dropped() == 0);
  CHECK(log.count("") == 0);
}

TEST_CASE("the youngest are left off, whole, whatever their order on the page") {
  test::LogCapture log;
  SeriesLimit limit(100, log.logger());
  CHECK(limit.choose({one("young", 3s, 30), one("old", 1s, 60), one("younger", 4s, 10),
                      one("middle", 2s, 40)}) == std::vector{false, true, false, true});
  CHECK(limit.dropped() == 40);
}

TEST_CASE("none younger takes the room that is too small for an older one") {
  test::LogCapture log;
  SeriesLimit limit(100, log.logger());
  CHECK(limit.choose({one("old", 1s, 60), one("big", 2s, 50), one("small", 3s, 10)}) ==
        std::vector{true, false, false});
}

TEST_CASE("what is gone is left off before what is there, however old") {
  test::LogCapture log;
  SeriesLimit limit(100, log.logger());
  CHECK(limit.choose({gone(one("gone", 1s, 60)), one("new", 9s, 60)}) == std::vector{false, true});
}

TEST_CASE("a failed sample or a restart makes room for nobody") {
  test::LogCapture log;
  SeriesLimit limit(100, log.logger());
  CHECK(limit.choose({one("a", 1s, 60), one("b", 2s, 60)}) == std::vector{true, false});
  CHECK(limit.choose({one("a", 1s, 20), one("b", 2s, 60)}) == std::vector{true, false});
  CHECK(limit.choose({}).empty());  // the Engine was down for a moment
  CHECK(limit.choose({one("a", 1s, 20), one("b", 2s, 60)}) == std::vector{true, false});
  CHECK(log.count("") == 1);
}

TEST_CASE("when one is removed, the next takes its place") {
  test::LogCapture log;
  SeriesLimit limit(100, log.logger());
  CHECK(limit.choose({one("a", 1s, 60), one("b", 2s, 60)}) == std::vector{true, false});
  CHECK(limit.choose({one("b", 2s, 60)}) == std::vector{true});
  CHECK(log.count("all containers are on the page again") == 1);
}

TEST_CASE("every page counts what it left off, but only another container is logged") {
  test::LogCapture log;
  SeriesLimit limit(100, log.logger());
  const Candidates two{one("a", 1s, 60), one("b", 2s, 60)};
  const Candidates three{one("a", 1s, 60), one("b", 2s, 60), one("c", 3s, 5)};
  std::ignore = limit.choose(two);
  std::ignore = limit.choose(two);
  CHECK(limit.dropped() == 120);
  CHECK(log.count("") == 1);
  std::ignore = limit.choose(three);
  CHECK(log.count("") == 2);
  std::ignore = limit.choose(two);  // fewer is no news
  CHECK(log.count("") == 2);
}

TEST_CASE("the log names the containers, how many series they have, and the remedy") {
  test::LogCapture log;
  SeriesLimit limit(100, log.logger());
  Candidates many{one("kept", 0s, 100)};
  for (int i = 1; i <= 12; ++i) many.push_back(one("web-" + std::to_string(i), 1s * i, 5));
  std::ignore = limit.choose(many);
  CHECK(log.count("containers=12 series=60 left_off=\"web-1, web-2, web-3, ") == 1);
  CHECK(log.count("web-10 and 2 more\"") == 1);
  CHECK(log.count("raise metrics.max_series") == 1);
  CHECK(log.count("level=warn") == 1);
}
