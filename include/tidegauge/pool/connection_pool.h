#pragma once

// The connections to one Engine: bounded, lent first come first served, kept healthy, observable.
//
//   auto connection = pool.get_connection({.call_class = CallClass::list});
//   if (!connection) return fail(connection.error().within("list of containers"));
//   auto response = connection->perform(request);
//
// Thread-safe, but for `maintain`, which belongs to one thread (PoolManager's). The borrower
// connects, under its own limits: nothing depends on the maintenance thread to make progress, it
// only keeps `min_connections` warm, finds out about outages, and reports leaks.
//
// A lease may outlive the pool: it keeps alive what it needs.

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
  std::shared_ptr<const Error> reason;  ///< why not; null while up
  std::uint64_t version = 0;            ///< grows with every change
};

/// What the maintenance thread waits for next.
struct PollSet {
  std::vector<pollfd> descriptors;
  SteadyTime until = SteadyTime::max();
};

/// Who still held a connection when the pool was closed: "ledger" lines, empty if nobody did.
using CloseReport = std::vector<std::string>;

class PoolMaintenance;

class ConnectionPool {
 public:
  /// `logger` outlives the pool and all its leases. `wake` makes the maintenance thread call
  /// `maintain` soon; it may be called from any thread, without any lock held.
  ConnectionPool(std::string name, const model::EngineAddress& address,
                 const config::PoolConfig& options, std::unique_ptr<http::Transport> transport,
                 Logger& logger, std::function<void()> wake = {});
  /// Closes at once: see `close`.
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  /// A connection, as soon as one is free, within `pool.connection_timeout`. Errors:
  /// pool_timeout, queue_full, engine_down, permission_denied or misconfigured (with the cause),
  /// cancelled, closed. The message says how the pool stands and who has held it longest.
  [[nodiscard]] Result<PooledConnection> get_connection(
      const CallTag& tag = {}, const std::stop_token& stop = {},
      std::source_location place = std::source_location::current());
  /// The same with a deadline of the caller's own.
  [[nodiscard]] Result<PooledConnection> acquire(
      const CallTag& tag, SteadyTime deadline, const std::stop_token& stop = {},
      std::source_location place = std::source_location::current());

  /// Opens a stream on a connection of its own, beyond `max_connections`: at once, or queue_full
  /// where `max_streams` are open. The answer's head is in the stream, whatever its status.
  [[nodiscard]] Result<PooledStream> open_stream(
      const http::Request& request, const CallTag& tag, const std::stop_token& stop = {},
      std::source_location place = std::source_location::current());

  [[nodiscard]] model::PoolStats stats() const;
  /// Every slot with its holder, for the debug page.
  [[nodiscard]] std::vector<model::SlotStats> slots() const;

  [[nodiscard]] EngineHealth health() const;
  /// Waits until the health is not of version `seen` any more, the time has come, or `stop`.
  [[nodiscard]] EngineHealth wait_for_change(std::uint64_t seen, SteadyTime until,
                                             const std::stop_token& stop) const;

  /// Does what is due and never blocks; adds to `poll_set` what to wait for before the next call.
  void maintain(SteadyTime now, PollSet& poll_set);

  /// Nobody gets a connection any more; waits until all have come back, then aborts what is still
  /// in flight at `deadline`. Reports who held on even after that. Only the first call
  /// waits. Not while `maintain` runs.
  CloseReport close(SteadyTime deadline);

  [[nodiscard]] const std::string& name() const noexcept;

 private:
  std::shared_ptr<PoolState> state_;
  std::unique_ptr<PoolMaintenance> maintenance_;
};

}  // namespace tidegauge::pool
