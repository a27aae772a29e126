#pragma once

// The texts of the pool: who holds a connection, and why a caller got none. They are made from
// copies, without the mutex.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tidegauge/model/error.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/pool/lease_core.h"
#include "tidegauge/util/time.h"

namespace tidegauge::pool {

/// The state of a pool when it refused a caller.
struct PoolSummary {
  std::string_view endpoint;  ///< outlives this
  std::uint32_t slots = 0;
  std::uint32_t stream_slots = 0;
  std::uint32_t leased = 0;
  std::uint32_t waiting = 0;
  std::shared_ptr<const Error> cause;  ///< of the outage; null: the Engine is up
  SteadyTime cause_since{};
  SteadyTime next_probe{};
  std::array<Holder, 3> oldest{};  ///< the `oldest_count` longest leases
  std::size_t oldest_count = 0;
};

/// `waited`: how long the caller has waited. A misconfiguration keeps the code of its cause.
[[nodiscard]] Error describe_refusal(model::AcquireFailure reason, model::CallClass call_class,
                                     SteadyTime::duration waited, const PoolSummary& summary);

/// "list by thread 17 for 4.2 s at src/monitor/container_monitor.cpp:88".
[[nodiscard]] std::string describe_holder(const Holder& holder, SteadyTime now);

/// To a tenth: "4.2 s".
[[nodiscard]] std::string seconds_text(std::chrono::nanoseconds duration);

}  // namespace tidegauge::pool
