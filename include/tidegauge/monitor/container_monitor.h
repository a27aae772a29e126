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
#include "tidegauge/util/log.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::monitor {

/// Everything outlives the monitor.
struct MonitorContext {
  docker::ClientManager& clients;
  model::SnapshotStore& snapshots;
  /// The monitor's own thread calls it after each cycle. It is quick and does not throw.
  std::function<void(const model::CycleReport&)> on_cycle_finished;
  Logger& logger;
  ThreadGuard& guard;                  ///< the border of the monitor's own threads
  std::uint32_t max_connections;       ///< the upper limit of calls in flight
  cgroup::Paths kernel = {};           ///< where the kernel's files are
  std::size_t kernel_descriptors = 0;  ///< how many of them are kept open
  config::OptionalGroups optional_groups = {};
  cgroup::FilesystemSampler::Stat stat_filesystem = cgroup::stat_filesystem;
};

/// Used by one thread, which calls `run` or, for --once and in tests, `run_once`. The monitor's own
/// threads make the calls, so that a call that hangs delays nothing else.
class ContainerMonitor {
 public:
  /// `index` is the endpoint's place in the SnapshotStore.
  ContainerMonitor(std::string endpoint, std::size_t index, const config::MonitorConfig& options,
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

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::monitor
