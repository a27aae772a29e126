#include "pool/pool_counters.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using pool::PoolCounters;

namespace {

template <class Enum>
std::size_t index_of(Enum value) {
  return static_cast<std::size_t>(value);
}

}  // namespace

TEST_CASE("the statistics of a pool have everything that it counts") {
  PoolCounters counters;
  counters.count_acquired(1ms);
  counters.count_acquired(2ms);
  counters.count_refused(model::AcquireFailure::queue_full, 3ms);
  counters.count_opened(4ms);
  counters.count_closed(model::CloseReason::idle);
  counters.probes_succeeded = 5;
  counters.probes_failed = 6;
  counters.stale_retries = 7;
  counters.silent_reconnects = 8;
  counters.leaks_detected = 9;
  counters.leaks_recovered = 10;
  counters.stuck[index_of(model::CallClass::list)] = 11;
  counters.use[index_of(model::CallClass::call)].observe(0.1);
  counters.first_byte[index_of(model::CallClass::stream)].observe(0.2);

  model::PoolStats stats;
  counters.copy_to(stats);
  CHECK(stats.acquired == 2);
  CHECK(stats.wait_success.count() == 2);
  CHECK(stats.acquire_failures[index_of(model::AcquireFailure::queue_full)] == 1);
  CHECK(stats.wait_failure.count() == 1);
  CHECK(stats.connections_created == 1);
  CHECK(stats.create.count() == 1);
  CHECK(stats.connections_closed[index_of(model::CloseReason::idle)] == 1);
  CHECK(stats.probes_succeeded == 5);
  CHECK(stats.probes_failed == 6);
  CHECK(stats.stale_retries == 7);
  CHECK(stats.silent_reconnects == 8);
  CHECK(stats.leaks_detected == 9);
  CHECK(stats.leaks_recovered == 10);
  CHECK(stats.stuck_operations[index_of(model::CallClass::list)] == 11);
  CHECK(stats.use[index_of(model::CallClass::call)].count() == 1);
  CHECK(stats.first_byte[index_of(model::CallClass::stream)].count() == 1);
}
