#pragma once

// The running program: every object in the order of its birth, and what one page is made of.
// Made and destroyed on the main thread; its page may be asked for from any.

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/descriptor_plan.h"
#include "tidegauge/config/config.h"
#include "tidegauge/docker/client_manager.h"
#include "tidegauge/metrics/instruments.h"
#include "tidegauge/metrics/page.h"
#include "tidegauge/metrics/series_limit.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/monitor/container_monitor.h"
#include "tidegauge/pool/pool_manager.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/web/server.h"

namespace tidegauge::app {

class Daemon {
 public:
  /// Starts only the maintenance of the pools. `config` and `logger` must outlive the daemon.
  Daemon(const config::Config& config, const DescriptorPlan& descriptors, Logger& logger);
  /// Stops within two seconds, whatever the Engines do.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Starts the web server and the monitors. After an error nothing is started.
  [[nodiscard]] Result<void> start();

  /// Runs one cycle of every monitor, for --once. False if an Engine is down.
  bool run_once();

  /// The page of that cycle, whatever its age.
  [[nodiscard]] std::unique_ptr<metrics::Page> page_of_cycle();
  /// The address of the web server after `start`.
  [[nodiscard]] std::uint16_t port() const noexcept { return server_->port(); }

 private:
  [[nodiscard]] std::vector<web::Route> routes();
  [[nodiscard]] model::Snapshot fresh_snapshots() const;
  [[nodiscard]] std::unique_ptr<metrics::Page> page(model::Snapshot engines);

  const config::Config& config_;
  const DescriptorPlan descriptors_;
  Logger& logger_;
  ThreadGuard guard_;
  metrics::Instruments instruments_;
  metrics::SeriesLimit series_limit_;
  pool::PoolManager pools_;
  docker::ClientManager clients_;
  model::SnapshotStore snapshots_;
  std::vector<std::unique_ptr<monitor::ContainerMonitor>> monitors_;
  std::unique_ptr<web::Server> server_;
  std::vector<std::jthread> threads_;  // one per monitor; declared last, so that they end first
};

}  // namespace tidegauge::app
