#pragma once

// State and counters of a connection pool. The pool copies them out under its lock, and `metrics`
// renders them. Counters count from the start of the daemon. A plain value.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/model/histogram.h"

namespace tidegauge::model {

/// Why a connection's socket was closed.
enum class CloseReason : std::uint8_t {
  idle,            ///< unused for longer than pool.idle_timeout
  lifetime,        ///< older than pool.max_lifetime
  peer_closed,     ///< the Engine hung up while nobody used it
  probe_failed,    ///< did not answer a probe
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

/// The circuit breaker: closed lets calls through, open fails them at once.
enum class CircuitState : std::uint8_t { closed, half_open, open };
inline constexpr std::size_t circuit_state_count = 3;
[[nodiscard]] std::string_view to_string(CircuitState state) noexcept;

/// What a connection is acquired for. Each class has timeouts of its own.
enum class CallClass : std::uint8_t { ping, list, call, stream };
inline constexpr std::size_t call_class_count = 4;
[[nodiscard]] std::string_view to_string(CallClass call_class) noexcept;

/// A container about which no calls are made for a while.
struct QuarantinedContainer {
  std::string id;
  std::string_view cause;        ///< "stuck": a call about it got stuck; "failing": calls fail
  double next_call_seconds = 0;  ///< until the next call may be sent; 0: it is on its way
};

struct PoolStats {
  std::string endpoint;

  // Now.
  std::uint32_t connections_idle = 0;        ///< connected and free
  std::uint32_t connections_active = 0;      ///< acquired by a caller
  std::uint32_t connections_stream = 0;      ///< acquired by a stream
  std::uint32_t connections_connecting = 0;  ///< maintenance connects or probes them
  std::uint32_t connections_max = 0;
  std::uint32_t connections_min = 0;
  std::uint32_t pending_requests = 0;  ///< callers that wait for a connection
  std::uint32_t open_sockets = 0;
  CircuitState circuit = CircuitState::closed;
  double next_probe_seconds = 0;  ///< until the next probe of an open circuit
  std::uint32_t leaked_leases = 0;
  double oldest_lease_seconds = 0;
  double oldest_waiter_seconds = 0;
  std::vector<QuarantinedContainer> quarantined;
  bool degraded = false;  ///< probes succeed, but calls about several containers are stuck

  // Since the start.
  std::uint64_t acquired = 0;
  std::uint64_t connections_created = 0;
  std::uint32_t connections_peak = 0;  ///< most acquired at the same time
  std::array<std::uint64_t, close_reason_count> connections_closed{};    ///< by CloseReason
  std::array<std::uint64_t, acquire_failure_count> acquire_failures{};   ///< by AcquireFailure
  std::array<std::uint64_t, circuit_state_count> circuit_transitions{};  ///< by CircuitState
  std::array<std::uint64_t, call_class_count> stuck_operations{};        ///< by CallClass
  std::uint64_t probes_succeeded = 0;
  std::uint64_t probes_failed = 0;
  std::uint64_t stale_retries = 0;      ///< calls retried because the idle socket was dead
  std::uint64_t silent_reconnects = 0;  ///< dead sockets replaced before a call was sent
  std::uint64_t leaks_detected = 0;
  std::uint64_t leaks_recovered = 0;  ///< reported leases that were released later
  std::uint64_t expired_waiters_evicted = 0;
  std::uint64_t barged =
      0;  ///< acquired a free connection before callers that had just begun to wait
  std::uint64_t handed_off = 0;    ///< received a connection from the caller that released it
  DurationHistogram wait_success;  ///< waiting time of callers that acquired a connection
  DurationHistogram wait_failure;  ///< waiting time of callers that did not
  std::array<DurationHistogram, call_class_count> use;  ///< time that callers held it, by CallClass
  std::array<DurationHistogram, call_class_count>
      first_byte;            ///< time to the first byte of an answer, by CallClass
  DurationHistogram create;  ///< time to connect
};

/// One slot of a pool, for the debug page.
struct SlotStats {
  std::uint32_t slot = 0;
  std::string state;  ///< "empty", "idle", "leased", "maintaining"
  bool for_streams = false;
  bool connected = false;
  std::uint64_t uses = 0;  ///< of this socket
  std::string holder;      ///< who, since when, for what, where; empty unless leased
};

}  // namespace tidegauge::model
