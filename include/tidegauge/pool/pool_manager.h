#pragma once

// One ConnectionPool for each endpoint, and the thread that maintains all of them. Endpoints may be
// added and removed. `app` makes it and gives it to `docker::ClientManager`, which it outlives.
// Thread-safe.

#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/pool/connection_pool.h"
#include "tidegauge/util/heartbeats.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/util/wakeup.h"

namespace tidegauge::pool {

class PoolManager {
 public:
  using MakeTransport = std::function<std::unique_ptr<http::Transport>(const model::EngineAddress&,
                                                                       const model::TlsFiles&)>;

  /// Starts the maintenance thread. `guard` catches what that thread throws. `logger`, `guard` and
  /// `heartbeats` outlive this; `heartbeats` is null where nobody asks whether its loop turns.
  PoolManager(const std::vector<config::EndpointConfig>& endpoints,
              const config::PoolConfig& options, MakeTransport make_transport, Logger& logger,
              ThreadGuard& guard, Heartbeats* heartbeats = nullptr);
  /// Closes all pools at once.
  ~PoolManager();
  PoolManager(const PoolManager&) = delete;
  PoolManager& operator=(const PoolManager&) = delete;

  /// Makes a pool for an endpoint whose name no pool has.
  void add(const config::EndpointConfig& endpoint, const config::PoolConfig& options);
  /// Removes the pool of an endpoint and closes it; see ConnectionPool::close. Its user has
  /// stopped.
  CloseReport remove(std::string_view endpoint, Milliseconds grace);

  /// The pool of an endpoint, until it is removed. Any other name is a bug and ends the program.
  [[nodiscard]] ConnectionPool& pool(std::string_view endpoint) noexcept;

  /// In the order in which they were added.
  [[nodiscard]] std::vector<model::PoolStats> stats() const;

  /// Every slot with its holder, by pool, for the debug page.
  [[nodiscard]] std::vector<std::pair<std::string, std::vector<model::SlotStats>>> slots() const;

  /// Ends maintenance and closes every pool. Takes at most `grace` and a second for the calls that
  /// it aborts. Returns the leases that are not returned after that.
  CloseReport close_all(Milliseconds grace);

 private:
  using Pools = std::vector<std::shared_ptr<ConnectionPool>>;

  [[nodiscard]] Pools pools() const EXCLUDES(mutex_);
  void maintain(Heartbeats* heartbeats, const std::stop_token& stop) EXCLUDES(mutex_);
  void maintain_all(PollSet& poll_set) EXCLUDES(mutex_);

  const MakeTransport make_transport_;
  Logger& logger_;
  std::shared_ptr<Wakeup> wakeup_ = std::make_shared<Wakeup>();  // a lease may outlive this
  mutable Mutex mutex_;
  std::condition_variable round_ended_;
  Pools pools_ GUARDED_BY(mutex_);
  Pools left_over_ GUARDED_BY(mutex_);  // removed, and to be closed when maintenance has ended
  bool maintaining_ GUARDED_BY(mutex_) = false;
  std::jthread maintenance_;  // declared last: it uses the members above
};

}  // namespace tidegauge::pool
