#pragma once

// The one picture of everything that a scrape renders. `monitor` publishes an EngineSnapshot per
// endpoint, never changed afterwards; `metrics` and `web` only read.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidegauge/model/container.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/model/engine_info.h"
#include "tidegauge/model/host_stats.h"
#include "tidegauge/model/lifecycle.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/time.h"

namespace tidegauge::model {

/// What a container has written that is not on a volume, as the Engine found walking through it.
struct WritableLayer {
  std::uint64_t bytes = 0;
  WallTime measured_at{};
};

/// One container at the time of a snapshot.
struct ContainerRecord {
  std::shared_ptr<const Container> container;
  std::string cgroup_path;                      ///< cAdvisor's label `id`, as "/docker/<id>"
  std::shared_ptr<const ContainerStats> stats;  ///< null: no processes, or the sample failed
  bool state_known = true;  ///< false: the Engine is down, and the kernel shows it to live
  std::optional<WallTime> last_seen;   ///< when it was last known to run; absent: long ago
  std::uint64_t collect_errors = 0;    ///< failed calls about it since the daemon's start
  bool stuck = false;                  ///< they do not end, or are not made for that reason
  std::optional<WritableLayer> layer;  ///< where it is asked for, and while it has processes
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
  /// All that the Engine has, by ContainerState; zeros while down.
  std::array<std::uint64_t, container_states.size()> containers_by_state{};
  std::vector<ContainerRecord> ghosts;  ///< removed lately, as they last were; without stats
  std::vector<std::pair<std::string, Lifecycle>> lifecycles;  ///< by name
  InventoryStats inventory;
  std::shared_ptr<const HostStats> host;  ///< null: the kernel is not asked
};

/// All endpoints, in the order of the configuration.
using Snapshot = std::vector<std::shared_ptr<const EngineSnapshot>>;

/// What may be shown now. A monitor publishes at least once per interval; a snapshot older than
/// `max_age` means that it has stopped, so that nobody knows what its Engine and containers do. In
/// place of such a snapshot stands one that is `stale`: the Engine is down, the reason tells the
/// age, and nothing is left but the counters.
[[nodiscard]] Snapshot without_stale(Snapshot engines, SteadyTime now,
                                     SteadyTime::duration max_age);

/// Where monitors publish and scrapes read. Thread-safe; neither ever waits for the other longer
/// than it takes to copy a few pointers.
class SnapshotStore {
 public:
  /// One endpoint each: `publish` takes the index of its name here. Starts with every Engine down,
  /// "not asked yet".
  explicit SnapshotStore(const std::vector<std::string>& endpoints);

  void publish(std::size_t endpoint, std::shared_ptr<const EngineSnapshot> snapshot);
  [[nodiscard]] Snapshot latest() const;

 private:
  Guarded<Snapshot> snapshot_;
};

}  // namespace tidegauge::model
