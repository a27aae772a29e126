#pragma once

// Watches the containers of one Engine and publishes what it knows as an immutable snapshot. Knows
// nothing about connections: it calls the ClientManager.
//
// The inventory follows the Engine's events: one list and one inspect per container at the start,
// then an inspect of what changed. The first snapshot is published when every container has been
// asked about; from then on each change is published within a tenth of a second.
//
// Samples are taken every interval: containers whose cgroups are visible are sampled from the
// kernel's files, in one batch on the thread of `run`; the others through the Engine, spread over
// the interval. While the Engine is down, the containers that the kernel shows to live are still
// published.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "tidegauge/cgroup/filesystem_sampler.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/config/config.h"
#include "tidegauge/docker/client_manager.h"
#include "tidegauge/model/cycle_report.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/monitor/restored_state.h"
#include "tidegauge/util/heartbeats.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::monitor {

/// What may change while a monitor runs; see ContainerMonitor::reconfigure.
struct MonitorSettings {
  config::MonitorConfig options;
  std::uint32_t max_connections = 16;  ///< the upper limit of calls in flight
  std::size_t kernel_descriptors = 0;  ///< how many of the kernel's files are kept open
  config::OptionalGroups optional_groups = {};
  bool shows_machine = true;  ///< false: nobody sees the group `machine`, so it is not collected

  friend bool operator==(const MonitorSettings&, const MonitorSettings&) = default;
};

/// Everything outlives the monitor.
struct MonitorContext {
  docker::ClientManager& clients;
  model::SnapshotStore& snapshots;
  /// The monitor's own thread calls it after each cycle. It is quick and does not throw.
  std::function<void(const model::CycleReport&)> on_cycle_finished;
  Logger& logger;
  ThreadGuard& guard;         ///< the border of the monitor's own threads
  cgroup::Paths kernel = {};  ///< where the kernel's files are
  cgroup::FilesystemSampler::Stat stat_filesystem = cgroup::stat_filesystem;
  /// What an earlier daemon knew of the Engine; null: nothing.
  std::shared_ptr<const RestoredState> restored = {};
  Heartbeats* heartbeats = nullptr;  ///< of the monitor's loops and calls; null: nobody asks
};

/// Used by one thread, which calls `run` or, for --once and in tests, `run_once`. The monitor's own
/// threads make the calls, so that a call that hangs delays nothing else. Any thread may call
/// `reconfigure` and `wait_until_reconfigured`.
class ContainerMonitor {
 public:
  ContainerMonitor(std::string endpoint, const MonitorSettings& settings,
                   const MonitorContext& context);
  ~ContainerMonitor();
  ContainerMonitor(const ContainerMonitor&) = delete;
  ContainerMonitor& operator=(const ContainerMonitor&) = delete;

  /// Lists, inspects and samples everything once, then publishes. A container whose calls fail
  /// costs only its own series; an Engine that does not answer costs all of them.
  void run_once(const std::stop_token& stop = {});

  /// Watches until `stop`, and publishes at least once per interval. An Engine that goes down is
  /// published at once; one that comes back is watched again at once.
  void run(const std::stop_token& stop);

  /// Makes `run` apply other settings soon, without losing a counter or a sample. Containers that
  /// are not watched any more leave the next snapshot; those that are newly watched are inspected
  /// and sampled at once. The next cycle begins at the new interval after the last one; where that
  /// is past, it begins at once. Calls in progress end under the limits that they began with.
  void reconfigure(MonitorSettings settings);
  /// Waits until the settings of the last `reconfigure` are applied and a snapshot shows them.
  /// False after `deadline`, as when nobody calls `run`.
  [[nodiscard]] bool wait_until_reconfigured(SteadyTime deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::monitor
