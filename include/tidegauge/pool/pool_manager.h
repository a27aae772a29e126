#pragma once

// One ConnectionPool for each configured endpoint, and the thread that maintains all of them.
// `app` makes it and gives it to `docker::ClientManager`, which it outlives. Thread-safe.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/pool/connection_pool.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/util/wakeup.h"

namespace tidegauge::pool {

class PoolManager {
 public:
  using MakeTransport = std::function<std::unique_ptr<http::Transport>(const model::EngineAddress&,
                                                                       const model::TlsFiles&)>;

  /// Starts the maintenance thread. `guard` catches what that thread throws. `logger` and `guard`
  /// outlive this.
  PoolManager(const std::vector<config::EndpointConfig>& endpoints,
              const config::PoolConfig& options, const MakeTransport& make_transport,
              Logger& logger, ThreadGuard& guard);
  /// Closes all pools at once.
  ~PoolManager();
  PoolManager(const PoolManager&) = delete;
  PoolManager& operator=(const PoolManager&) = delete;

  /// The pool of a configured endpoint. Any other name is a bug and ends the program.
  [[nodiscard]] ConnectionPool& pool(std::string_view endpoint) noexcept;

  /// In the order of the configuration.
  [[nodiscard]] std::vector<model::PoolStats> stats() const;

  /// Every slot with its holder, by pool, for the debug page.
  [[nodiscard]] std::vector<std::pair<std::string, std::vector<model::SlotStats>>> slots() const;

  /// Ends maintenance and closes every pool. Takes at most `grace` and a second for the calls that
  /// it aborts. Returns the leases that are not returned after that.
  CloseReport close_all(Milliseconds grace);

 private:
  void maintain(const std::stop_token& stop);

  std::shared_ptr<Wakeup> wakeup_ = std::make_shared<Wakeup>();  // a lease may outlive this
  std::vector<std::unique_ptr<ConnectionPool>> pools_;
  std::jthread maintenance_;  // declared last: it uses the members above
};

}  // namespace tidegauge::pool
