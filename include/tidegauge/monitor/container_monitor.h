#pragma once

// Watches the containers of one Engine: asks for all of them again and again, and publishes what it
// found as an immutable snapshot. Knows nothing of connections: it asks ClientManager.
//
// One thread calls `run` (or, in tests and for --once, `run_once`); workers of its own make the
// calls about single containers, several at a time, and have ended when a cycle ends.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/docker/client_manager.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/monitor/cycle_report.h"
#include "tidegauge/util/log.h"

namespace tidegauge::monitor {

/// Everything outlives the monitor.
struct MonitorContext {
  docker::ClientManager& clients;
  model::SnapshotStore& snapshots;
  CycleObserver& observer;
  Logger& logger;
  std::uint32_t max_connections;  ///< calls in flight are never more
};

class InFlightGate;

class ContainerMonitor {
 public:
  /// `index` is the endpoint's place in the SnapshotStore.
  ContainerMonitor(std::string endpoint, std::size_t index, const config::MonitorConfig& options,
                   const MonitorContext& context);
  ContainerMonitor(ContainerMonitor&& other) noexcept;
  ~ContainerMonitor();

  /// One cycle: lists, inspects and samples, then publishes. A container whose calls fail costs
  /// only its own series; an Engine that does not answer, all of them.
  void run_once(const std::stop_token& stop = {});

  /// A cycle every `interval`, start to start, never two at once: one that took longer is followed
  /// by the next at its next regular time. An Engine that goes down is published at once, one that
  /// comes back is watched again at once.
  void run(const std::stop_token& stop);

 private:
  struct Known {
    std::shared_ptr<const model::Container> container;  ///< as last inspected; may be empty
    std::optional<WallTime> last_seen;
    std::uint64_t collect_errors = 0;
    bool failing = false;  ///< and logged as such
  };
  struct Visit;  // what a worker finds out about one container

  void watch_until(SteadyTime next, std::uint64_t seen, const std::stop_token& stop);
  Result<std::vector<model::ContainerSummary>> list(const std::stop_token& stop);
  Result<void> learn_engine(const std::stop_token& stop);
  std::vector<Visit> visit_all(std::vector<model::ContainerSummary> summaries,
                               const std::stop_token& stop);
  void visit(Visit& visit, const std::stop_token& stop);
  void publish_up(std::vector<Visit> visits, CycleReport& report);
  void publish_down(const Error& reason);
  [[nodiscard]] model::ContainerRecord record_of(Visit& visit);
  void note_outcome(Known& known, const model::Container& container, const Visit& visit);
  [[nodiscard]] std::shared_ptr<model::EngineSnapshot> new_snapshot() const;

  std::string endpoint_;
  std::size_t index_;
  config::MonitorConfig options_;
  MonitorContext context_;
  std::unique_ptr<InFlightGate> gate_;

  std::optional<model::EngineVersion> version_;  // asked once per time the Engine is up
  std::optional<model::EngineInfo> info_;
  std::map<std::string, Known> known_;  // by id: those that the Engine listed last
  bool list_failing_ = false;           // and logged as such
  bool published_up_ = false;           // what the last snapshot says
};

}  // namespace tidegauge::monitor
