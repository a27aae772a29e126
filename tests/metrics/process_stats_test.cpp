#include "metrics/process_stats.h"

#include <fcntl.h>

#include "support/catch.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using metrics::ProcessStats;
using metrics::read_process_stats;

namespace {

ProcessStats stats() {
  const auto read = read_process_stats();
  REQUIRE(read);
  return *read;
}

}  // namespace

TEST_CASE("an open descriptor is counted until it is closed") {
  const auto before = stats().open_fds;
  REQUIRE(before);
  {
    const UniqueFd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    CHECK(stats().open_fds == *before + 1);
  }
  CHECK(stats().open_fds == before);
  CHECK(stats().max_fds >= *before);
}

TEST_CASE("memory, threads and start time are those of this process") {
  const auto now = stats();
  CHECK(now.resident_bytes > 1'000'000);
  CHECK(now.virtual_bytes > now.resident_bytes);
  CHECK(now.threads >= 1);
  CHECK(now.start_time_seconds <= to_unix_seconds(wall_now()) + 2);
}

TEST_CASE("CPU time grows with work") {
  const auto before = stats().cpu_seconds;
  volatile double sum = 0;
  while (stats().cpu_seconds <= before) {
    for (int i = 0; i < 100'000; ++i) sum = sum + i;
  }
  CHECK(stats().cpu_seconds > before);
}
