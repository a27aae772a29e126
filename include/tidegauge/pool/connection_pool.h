#pragma once

// The connections to one Engine. Their number is bounded, callers get them in the order in which
// they ask, and a maintenance thread keeps them healthy.
//
//   auto connection = pool.get_connection({.call_class = CallClass::list});
//   if (!connection) return fail(connection.error().within("list of containers"));
//   auto response = connection->perform(request);
//
// Thread-safe, except `maintain`, which one thread calls (PoolManager's). A caller opens the socket
// of its connection itself, under its own limits, so that no caller depends on the maintenance
// thread. That thread keeps `min_connections` connected, sends probes and reports leaks.
//
// A lease may outlive the pool: it shares the pool's state. It may not outlive the logger, which it
// uses when it is released.

#include <poll.h>

#include <functional>
#include <memory>
#include <source_location>
#include <stop_token>
#include <string>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/http/connection.h"
#include "tidegauge/model/error.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/pool/pooled_connection.h"
#include "tidegauge/pool/pooled_stream.h"
#include "tidegauge/util/log.h"

namespace tidegauge::pool {

/// Whether calls to the Engine are worth trying.
struct EngineHealth {
  bool up = true;
  std::shared_ptr<const Error> reason;  ///< why it is down; null while it is up
  std::uint64_t version = 0;            ///< grows with every change
};

/// What the maintenance thread waits for: one of the descriptors, or the time.
struct PollSet {
  std::vector<pollfd> descriptors;
  SteadyTime until = SteadyTime::max();
};

/// A line for each lease that was not returned before the pool was closed.
using CloseReport = std::vector<std::string>;

class PoolMaintenance;

class ConnectionPool {
 public:
  /// `logger` outlives the pool and all its leases. `wake` makes the maintenance thread call
  /// `maintain` soon. The pool calls `wake` from any thread, without a lock.
  ConnectionPool(std::string name, const model::EngineAddress& address,
                 const config::PoolConfig& options, std::unique_ptr<http::Transport> transport,
                 Logger& logger, std::function<void()> wake = {});
  /// Closes at once: see `close`.
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  /// Waits for a free connection for at most `pool.connection_timeout`. Errors: pool_timeout,
  /// queue_full, engine_down, permission_denied or misconfigured (with the cause), quarantined,
  /// cancelled, closed. The message says how many connections are lent, and to whom for longest.
  [[nodiscard]] Result<PooledConnection> get_connection(
      const CallTag& tag = {}, const std::stop_token& stop = {},
      std::source_location place = std::source_location::current());
  /// The same, with a deadline.
  [[nodiscard]] Result<PooledConnection> acquire(
      const CallTag& tag, SteadyTime deadline, const std::stop_token& stop = {},
      std::source_location place = std::source_location::current());

  /// Opens a stream on a connection beyond `max_connections`. Does not wait: the error is
  /// queue_full where `max_streams` are open. The stream has the head of the response, whatever the
  /// status.
  [[nodiscard]] Result<PooledStream> open_stream(
      const http::Request& request, const CallTag& tag, const std::stop_token& stop = {},
      std::source_location place = std::source_location::current());

  [[nodiscard]] model::PoolStats stats() const;
  /// Every slot with its holder, for the debug page.
  [[nodiscard]] std::vector<model::SlotStats> slots() const;

  [[nodiscard]] EngineHealth health() const;
  /// Waits until the version of the health differs from `seen`, until the time, or until `stop`.
  [[nodiscard]] EngineHealth wait_for_change(std::uint64_t seen, SteadyTime until,
                                             const std::stop_token& stop) const;

  /// Asks for a sign of life over a connection of its own, which is closed afterwards: an Engine
  /// that is ending still answers over those that are open, and accepts no others. Waits at most
  /// `limit`. The pool's figures do not show the call.
  [[nodiscard]] Result<void> ping_anew(Milliseconds limit, const std::stop_token& stop) const;

  /// Does what is due and never blocks. Adds to `poll_set` what to wait for before the next call.
  void maintain(SteadyTime now, PollSet& poll_set);

  /// Refuses callers from now on and waits until all leases are returned. At `deadline` it aborts
  /// the calls in flight. Returns the leases that are not returned a second later. Only the first
  /// call waits. Must not run at the same time as `maintain`.
  CloseReport close(SteadyTime deadline);

  [[nodiscard]] const std::string& name() const noexcept;

 private:
  std::shared_ptr<PoolState> state_;
  std::unique_ptr<PoolMaintenance> maintenance_;
};

}  // namespace tidegauge::pool
