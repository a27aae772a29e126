#pragma once

// What a pool counts since its start. Plain values; PoolState has them under its mutex.

#include <array>
#include <cstdint>

#include "tidegauge/model/pool_stats.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

struct PoolCounters {
  std::uint64_t acquired = 0;
  std::uint64_t created = 0;
  std::uint64_t probes_succeeded = 0;
  std::uint64_t probes_failed = 0;
  std::uint64_t stale_retries = 0;
  std::uint64_t silent_reconnects = 0;
  std::uint64_t leaks_detected = 0;
  std::uint64_t leaks_recovered = 0;
  std::array<std::uint64_t, model::close_reason_count> closed{};
  std::array<std::uint64_t, model::acquire_failure_count> failures{};
  std::array<std::uint64_t, model::call_class_count> stuck{};
  model::DurationHistogram wait_success;
  model::DurationHistogram wait_failure;
  std::array<model::DurationHistogram, model::call_class_count> use;
  std::array<model::DurationHistogram, model::call_class_count> first_byte;
  model::DurationHistogram create;

  void count_acquired(SteadyTime::duration waited);
  void count_refused(model::AcquireFailure failure, SteadyTime::duration waited);
  void count_opened(SteadyTime::duration connect_time);
  void count_closed(model::CloseReason reason);

  void copy_to(model::PoolStats& stats) const;
};

}  // namespace tidegauge::pool
