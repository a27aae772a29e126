#pragma once

// The running program: every object in the order of its birth, and what one page is made of.
// Made and destroyed on the main thread; its page may be asked for from any.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/descriptor_plan.h"
#include "app/serving.h"
#include "app/state_keeper.h"
#include "app/watched_engines.h"
#include "tidegauge/config/config.h"
#include "tidegauge/metrics/instruments.h"
#include "tidegauge/metrics/page.h"
#include "tidegauge/metrics/series_limit.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/status/history.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/heartbeats.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::app {

/// How the rest of the process takes part. All of it may be left out, and outlives the daemon.
struct DaemonHooks {
  RequestReload request_reload;  ///< needed where web.enable_lifecycle is on
  model::SnapshotStore::OnPublish on_publish;
  Heartbeats* heartbeats = nullptr;  ///< of all loops; null: nobody asks
};

class Daemon {
 public:
  /// Starts only the maintenance of the pools. `logger` must outlive the daemon.
  Daemon(const config::Config& config, const DescriptorPlan& descriptors, Logger& logger,
         const DaemonHooks& hooks = {});
  /// Stops within two seconds, whatever the Engines do.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Starts the web server and the monitors. After an error nothing is started.
  [[nodiscard]] Result<void> start();

  /// Runs one cycle of every monitor, for --once. False if an Engine is down.
  bool run_once();

  /// Applies another configuration, whose changes need no restart, or none of it. For the main
  /// thread.
  [[nodiscard]] Result<void> apply(const config::Config& config, const DescriptorPlan& descriptors);
  void record_reload(metrics::ReloadOutcome outcome) {
    instruments_.record_reload(outcome, wall_now());
  }
  /// The configuration in effect. Any thread may ask for it.
  [[nodiscard]] std::shared_ptr<const config::Config> config() const {
    return config_.with([](const auto& current) { return current; });
  }
  /// For the main thread.
  [[nodiscard]] const DescriptorPlan& descriptors() const noexcept { return descriptors_; }

  /// The page of that cycle, whatever its age.
  [[nodiscard]] std::unique_ptr<metrics::Page> page_of_cycle();

 private:
  [[nodiscard]] model::Snapshot fresh_snapshots() const;
  [[nodiscard]] std::optional<std::vector<std::string>> processes_of(
      const model::Container& container) const;
  [[nodiscard]] std::unique_ptr<metrics::Page> page(model::Snapshot engines,
                                                    metrics::PageRequest request);
  void apply_all(const std::shared_ptr<const config::Config>& config,
                 const DescriptorPlan& descriptors);
  void restore(const std::shared_ptr<const config::Config>& before,
               const DescriptorPlan& descriptors);

  Guarded<std::shared_ptr<const config::Config>> config_;
  DescriptorPlan descriptors_;
  Logger& logger_;
  ThreadGuard guard_;
  metrics::Instruments instruments_;
  metrics::SeriesLimit series_limit_;
  const std::unique_ptr<StateKeeper> state_;  ///< null without a directory for it
  status::History history_;                   ///< empty without web.status_page
  WatchedEngines engines_;
  const RequestReload request_reload_;
  std::unique_ptr<Serving> serving_;
};

}  // namespace tidegauge::app
