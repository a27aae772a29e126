#pragma once

// Everything that there is once per watched Engine: its pool, client state, snapshot and monitor,
// and the monitor's thread. The set of Engines and their settings may change while they are
// watched.
//
// Made, changed and destroyed by the main thread; the const functions may be called by any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/descriptor_plan.h"
#include "app/engine_gate.h"
#include "app/log_reader.h"
#include "tidegauge/config/config.h"
#include "tidegauge/docker/client_manager.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/monitor/container_monitor.h"
#include "tidegauge/pool/pool_manager.h"
#include "tidegauge/util/heartbeats.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::app {

class WatchedEngines {
 public:
  struct Hooks {
    /// Called by the threads of the monitors.
    std::function<void(const model::CycleReport&)> on_cycle;
    model::SnapshotStore::OnPublish on_publish;  ///< may be empty
    /// What an earlier daemon knew of the Engine of that name; null: nothing. Called for each
    /// Engine before its monitor is made.
    std::function<std::shared_ptr<const monitor::RestoredState>(const std::string&)> restore;
    Heartbeats* heartbeats = nullptr;  ///< of all loops; null: nobody asks
  };

  /// Starts only the maintenance of the pools. `logger`, `guard` and what the hooks refer to
  /// outlive this.
  WatchedEngines(const config::Config& config, const DescriptorPlan& descriptors, Logger& logger,
                 ThreadGuard& guard, Hooks hooks);
  /// Stops, and closes the pools: within two seconds, whatever the Engines do.
  ~WatchedEngines();
  WatchedEngines(const WatchedEngines&) = delete;
  WatchedEngines& operator=(const WatchedEngines&) = delete;

  /// Starts the monitors, also those that are added later.
  void start();
  /// Ends the monitors.
  void stop();
  /// Runs one cycle of every monitor. False if an Engine is down.
  bool run_once();

  /// Stops watching the Engines that `config` has not, or at another address. They leave the
  /// snapshots.
  void remove_others(const config::Config& config);
  /// Applies what has changed and watches the Engines that are new. Returns when the monitors show
  /// it, or after a second. Where it throws, some may have changed: call it again with the old
  /// configuration.
  void apply(const config::Config& config, const DescriptorPlan& descriptors);

  /// The last lines of a container's log, from its Engine. Any thread may call it.
  [[nodiscard]] Result<std::vector<std::string>> read_log(const LogReader::Log& log,
                                                          const std::stop_token& stop);

  [[nodiscard]] model::Snapshot snapshots() const { return snapshots_.latest(); }
  [[nodiscard]] std::vector<model::PoolStats> pools() const { return pools_.stats(); }
  [[nodiscard]] std::vector<model::ClientStats> clients() const { return clients_.stats(); }
  [[nodiscard]] std::vector<std::pair<std::string, std::vector<model::SlotStats>>> slots() const {
    return pools_.slots();
  }

 private:
  struct Engine {
    config::EndpointConfig endpoint;
    std::unique_ptr<monitor::ContainerMonitor> monitor;
    std::jthread thread;  // uses the monitor: declared last
  };

  void add(const config::EndpointConfig& endpoint, const config::Config& config,
           const DescriptorPlan& descriptors);
  void start(Engine& engine);
  void forget_removed(const std::vector<std::string>& names);
  [[nodiscard]] std::vector<config::EndpointConfig> endpoints() const;

  Logger& logger_;
  ThreadGuard& guard_;
  const Hooks hooks_;
  const config::PathConfig path_;
  pool::PoolManager pools_;
  docker::ClientManager clients_;
  EngineGate gate_;  ///< of calls that no monitor makes
  model::SnapshotStore snapshots_;
  bool started_ = false;
  std::vector<std::unique_ptr<Engine>> engines_;  // declared last: they use the members above
};

}  // namespace tidegauge::app
