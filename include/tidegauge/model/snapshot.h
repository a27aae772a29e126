#pragma once

// Everything that a scrape renders. `monitor` publishes an EngineSnapshot per endpoint and does not
// change it afterwards; `metrics` and `web` only read it.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/model/container.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/model/engine_info.h"
#include "tidegauge/model/host_stats.h"
#include "tidegauge/model/lifecycle.h"
#include "tidegauge/model/run_end.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/time.h"

namespace tidegauge::model {

/// The size of a container's writable layer, without volumes, as the Engine has measured it.
struct WritableLayer {
  std::uint64_t bytes = 0;
  WallTime measured_at{};
};

/// One container at the time of a snapshot.
struct ContainerRecord {
  std::shared_ptr<const Container> container;
  std::string cgroup_path;                      ///< cAdvisor's label `id`, as "/docker/<id>"
  std::shared_ptr<const ContainerStats> stats;  ///< null: no processes, or the sample failed
  bool state_known = true;             ///< false: the Engine is down, and only the kernel shows it
  std::optional<WallTime> last_seen;   ///< when it was last known to run; absent: long ago
  std::uint64_t collect_errors = 0;    ///< failed calls about it since the daemon's start
  bool stuck = false;                  ///< its calls do not end, or are refused for that reason
  std::optional<WritableLayer> layer;  ///< only if enabled and while the container runs
};

/// Everything known of one endpoint.
struct EngineSnapshot {
  std::string endpoint;
  bool up = false;
  std::string down_reason;  ///< empty while up
  WallTime taken_at{};
  std::optional<SteadyTime> published_at;  ///< for its age; absent: by no monitor yet
  bool stale = false;                      ///< too old to be shown, see `without_stale`
  std::optional<EngineVersion> version;
  std::optional<EngineInfo> info;
  std::optional<ApiVersion> negotiated_api_version;
  std::uint32_t max_in_flight = 0;          ///< calls about containers at the same time
  std::vector<ContainerRecord> containers;  ///< watched; sorted by name; while down, see
                                            ///< ContainerRecord::state_known
  /// All containers of the Engine, by ContainerState; zeros while it is down.
  std::array<std::uint64_t, container_states.size()> containers_by_state{};
  std::vector<ContainerRecord> ghosts;  ///< removed lately, in their last state; without stats
  std::vector<std::pair<std::string, Lifecycle>> lifecycles;  ///< by name
  std::shared_ptr<const RunEnds> ends;     ///< the latest 1,000, also while down; null: none yet
  std::optional<WallTime> followed_until;  ///< time of the last event, by the Engine's clock
  InventoryStats inventory;
  std::shared_ptr<const HostStats> host;  ///< null: the machine is not sampled
};

/// All endpoints, in the order that the SnapshotStore was given.
using Snapshot = std::vector<std::shared_ptr<const EngineSnapshot>>;

/// Null: there is no such Engine. The pointer lives as long as the snapshot.
[[nodiscard]] const EngineSnapshot* find_engine(const Snapshot& engines, std::string_view endpoint);
/// By its name. Null: it is not watched, or there is none. Lives as long as the snapshot.
[[nodiscard]] const ContainerRecord* find_container(const EngineSnapshot& engine,
                                                    std::string_view name);

/// The snapshots that may be shown now. A monitor publishes at least once per interval, so a
/// snapshot older than `max_age` means that its monitor has stopped, and the state of the Engine is
/// not known. A `stale` snapshot takes its place: the Engine is down, the reason has the age, and
/// only the counters remain.
[[nodiscard]] Snapshot without_stale(Snapshot engines, SteadyTime now,
                                     SteadyTime::duration max_age);

/// Monitors publish here, and scrapes read here. Thread-safe; neither waits for the other longer
/// than a copy of a few pointers takes.
class SnapshotStore {
 public:
  using OnPublish = std::function<void(const Snapshot&)>;

  /// Starts with every Engine down, "not asked yet". `on_publish`, if any, is called by the threads
  /// that publish, with what `latest` returns afterwards.
  explicit SnapshotStore(const std::vector<std::string>& endpoints, OnPublish on_publish = {});

  /// Keeps the snapshots of these endpoints, adds those that are new, "not asked yet", and drops
  /// the others.
  void set_endpoints(const std::vector<std::string>& endpoints);
  /// Replaces the snapshot of its endpoint. An endpoint that was dropped stays dropped.
  void publish(std::shared_ptr<const EngineSnapshot> snapshot);
  [[nodiscard]] Snapshot latest() const;

 private:
  const OnPublish on_publish_;
  Guarded<Snapshot> snapshot_;
};

}  // namespace tidegauge::model
