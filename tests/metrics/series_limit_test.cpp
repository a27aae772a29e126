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

constexpr metrics::PageSize hundred{.series = 100, .bytes = 10'000};
constexpr WallTime start{1'795'424'400s};

SeriesLimit::Candidate one(const std::string& name, std::chrono::seconds born, std::size_t series) {
  return {.key = "id of " + name, .name = name, .since = start + born, .size = {.series = series}};
}

SeriesLimit::Candidate gone(SeriesLimit::Candidate candidate) {
  candidate.gone = true;
  return candidate;
}

}  // namespace

TEST_CASE("up to the limit all containers are on the page, and nothing is logged") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  CHECK(limit.choose({one("a", 1s, 60), one("b", 2s, 40)}) == std::vector{true, true});
  CHECK(limit.choose({}).empty());
  CHECK(limit.dropped() == 0);
  CHECK(log.count("") == 0);
}

TEST_CASE("the youngest containers are left off as a whole, in whatever order they are passed") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  CHECK(limit.choose({one("young", 3s, 30), one("old", 1s, 60), one("younger", 4s, 10),
                      one("middle", 2s, 40)}) == std::vector{false, true, false, true});
  CHECK(limit.dropped() == 40);
}

TEST_CASE("a container that does not fit reserves nothing, so that younger ones are on the page") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  CHECK(limit.choose({one("old", 1s, 60), one("big", 2s, 50), one("small", 3s, 10),
                      one("last", 4s, 30)}) == std::vector{true, false, true, true});
  CHECK(limit.dropped() == 50);
}

TEST_CASE("bytes are limited like series") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  auto wordy = one("wordy", 2s, 1);
  wordy.size.bytes = 9'001;
  auto old = one("old", 1s, 1);
  old.size.bytes = 1'000;
  CHECK(limit.choose({old, wordy}) == std::vector{true, false});
  wordy.size.bytes = 9'000;
  CHECK(limit.choose({old, wordy}) == std::vector{true, false});  // it keeps what it has reserved
  CHECK(SeriesLimit(hundred, log.logger()).choose({old, wordy}) == std::vector{true, true});
}

TEST_CASE("what is in use already leaves less for containers") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  CHECK(limit.choose({one("a", 1s, 60)}, {.series = 41}) == std::vector{false});
  CHECK(limit.choose({one("a", 1s, 60)}, {.series = 40}) == std::vector{true});
}

TEST_CASE("a single container may have a tenth of the page, or a thousand series") {
  test::LogCapture log;
  const auto share = [&log](metrics::PageSize most) {
    return SeriesLimit(most, log.logger()).share();
  };
  CHECK(share({.series = 100'000, .bytes = 64'000'000}) ==
        metrics::PageSize{.series = 10'000, .bytes = 6'400'000});
  CHECK(share({.series = 5'000, .bytes = 2'000'000}) ==
        metrics::PageSize{.series = 1'000, .bytes = 1'000'000});
  CHECK(share(hundred) == hundred);
}

TEST_CASE("series beyond a share are counted, and logged when another container has some") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  auto hog = one("hog", 1s, 60);
  hog.beyond = 500;
  std::ignore = limit.choose({hog});
  std::ignore = limit.choose({hog});
  CHECK(limit.dropped() == 500);
  CHECK(log.count("series=500 containers=hog") == 1);
  std::ignore = limit.choose({one("hog", 1s, 60)});
  CHECK(limit.dropped() == 0);
  CHECK(log.count("") == 1);
}

TEST_CASE("removed containers are left off before existing ones, whatever their age") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  CHECK(limit.choose({gone(one("gone", 1s, 60)), one("new", 9s, 60)}) == std::vector{false, true});
}

TEST_CASE("a failed sample or a restart lets no other container in") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  CHECK(limit.choose({one("a", 1s, 60), one("b", 2s, 60)}) == std::vector{true, false});
  CHECK(limit.choose({one("a", 1s, 20), one("b", 2s, 60)}) == std::vector{true, false});
  CHECK(limit.choose({}).empty());  // the Engine was down for a moment
  CHECK(limit.choose({one("a", 1s, 20), one("b", 2s, 60)}) == std::vector{true, false});
  CHECK(log.count("") == 1);
}

TEST_CASE("when a container is removed, the next takes its place") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  CHECK(limit.choose({one("a", 1s, 60), one("b", 2s, 60)}) == std::vector{true, false});
  CHECK(limit.choose({one("b", 2s, 60)}) == std::vector{true});
  CHECK(log.count("all containers are on the page again") == 1);
}

TEST_CASE("the count is that of the latest page, and only a newly left off container is logged") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  const Candidates two{one("a", 1s, 60), one("b", 2s, 60)};
  const Candidates three{one("a", 1s, 60), one("b", 2s, 60), one("c", 3s, 50)};
  std::ignore = limit.choose(two);
  std::ignore = limit.choose(two);
  CHECK(limit.dropped() == 60);
  CHECK(log.count("") == 1);
  std::ignore = limit.choose(three);
  CHECK(limit.dropped() == 110);
  CHECK(log.count("") == 2);
  std::ignore = limit.choose(two);  // fewer is no news
  CHECK(log.count("") == 2);
  std::ignore = limit.choose({});  // the Engine is down: there is nothing to leave off
  CHECK(limit.dropped() == 0);
}

TEST_CASE("the log names the containers, how many series they have, and the limit") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  Candidates many{one("kept", 0s, 100)};
  for (int i = 1; i <= 12; ++i) many.push_back(one("web-" + std::to_string(i), 1s * i, 5));
  std::ignore = limit.choose(many);
  CHECK(log.count("containers=12 series=60 left_off=\"web-1, web-2, web-3, ") == 1);
  CHECK(log.count("web-10 and 2 more\"") == 1);
  CHECK(log.count("metrics.max_series=100 ") == 1);
  CHECK(log.count("level=warn") == 1);
}

TEST_CASE("another limit holds for the next page, and forgets what was reserved") {
  test::LogCapture log;
  SeriesLimit limit(hundred, log.logger());
  CHECK(limit.choose({one("a", 1s, 60), one("b", 2s, 60)}) == std::vector{true, false});
  auto twice = hundred;
  twice.series = 120;
  limit.set_max(twice);
  CHECK(limit.choose({one("a", 1s, 60), one("b", 2s, 60)}) == std::vector{true, true});
  limit.set_max(hundred);
  CHECK(limit.choose({one("a", 1s, 40), one("b", 2s, 60)}) == std::vector{true, true});
}
