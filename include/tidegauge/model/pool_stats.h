#pragma once

// What a connection pool says of itself: a value, copied out under the pool's lock and rendered by
// `metrics`. Counters count from the daemon's start.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "tidegauge/model/histogram.h"

namespace tidegauge::model {

/// Why a connection's socket was closed.
enum class CloseReason : std::uint8_t {
  idle,            ///< unused for longer than pool.idle_timeout
  lifetime,        ///< older than pool.max_lifetime
  peer_closed,     ///< the Engine hung up while nobody used it
  probe_failed,    ///< did not answer a ping
  stuck,           ///< a call on it exceeded its limits
  error,           ///< a call on it failed otherwise
  stream_aborted,  ///< its stream was closed before it ended
  reset,           ///< belonged to an Engine that has restarted
  shutdown,        ///< the pool closed
};
inline constexpr std::size_t close_reason_count = 9;
[[nodiscard]] std::string_view to_string(CloseReason reason) noexcept;

/// Why a caller got no connection.
enum class AcquireFailure : std::uint8_t {
  timeout,
  queue_full,
  down,
  misconfigured,
  quarantined,
  cancelled,
  closed
};
inline constexpr std::size_t acquire_failure_count = 7;
[[nodiscard]] std::string_view to_string(AcquireFailure reason) noexcept;

struct PoolStats {
  std::string pool;  ///< the endpoint's name

  // Now.
  std::uint32_t connections_idle = 0;    ///< connected and free
  std::uint32_t connections_active = 0;  ///< lent to a caller
  std::uint32_t connections_max = 0;
  std::uint32_t connections_min = 0;
  std::uint32_t pending_requests = 0;  ///< callers that wait for a connection
  std::uint32_t open_sockets = 0;

  // Since the start.
  std::uint64_t acquired = 0;
  std::uint64_t connections_created = 0;
  std::uint32_t connections_peak = 0;  ///< most lent at the same time
  std::array<std::uint64_t, close_reason_count> connections_closed{};   ///< by CloseReason
  std::array<std::uint64_t, acquire_failure_count> acquire_failures{};  ///< by AcquireFailure
  std::uint64_t probes_succeeded = 0;
  std::uint64_t probes_failed = 0;
  DurationHistogram wait_success;  ///< how long callers waited that got a connection
  DurationHistogram wait_failure;  ///< and those that did not
};

}  // namespace tidegauge::model
