#include "pool/pool_counters.h"

namespace tidegauge::pool {

void PoolCounters::count_acquired(SteadyTime::duration waited) {
  ++acquired;
  wait_success.observe(to_seconds(waited));
}

void PoolCounters::count_refused(model::AcquireFailure failure, SteadyTime::duration waited) {
  ++failures[static_cast<std::size_t>(failure)];
  wait_failure.observe(to_seconds(waited));
}

void PoolCounters::count_opened(SteadyTime::duration connect_time) {
  ++created;
  create.observe(to_seconds(connect_time));
}

void PoolCounters::count_closed(model::CloseReason reason) {
  ++closed[static_cast<std::size_t>(reason)];
}

void PoolCounters::copy_to(model::PoolStats& stats) const {
  stats.acquired = acquired;
  stats.connections_created = created;
  stats.connections_closed = closed;
  stats.acquire_failures = failures;
  stats.stuck_operations = stuck;
  stats.probes_succeeded = probes_succeeded;
  stats.probes_failed = probes_failed;
  stats.stale_retries = stale_retries;
  stats.silent_reconnects = silent_reconnects;
  stats.leaks_detected = leaks_detected;
  stats.leaks_recovered = leaks_recovered;
  stats.wait_success = wait_success;
  stats.wait_failure = wait_failure;
  stats.use = use;
  stats.first_byte = first_byte;
  stats.create = create;
}

}  // namespace tidegauge::pool
