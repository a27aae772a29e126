#pragma once

// Holds everything that the monitor knows about one Engine: its containers, whether the Engine is
// up and why not, its version and info, the containers whose runs the kernel sampling must look at
// again, and whether anything has changed since the last publication.
//
// EngineState is the middle of the monitor: the event follower, the container calls and the kernel
// sampling each know it, and know nothing about each other.
//
// Thread-safe: every method takes the mutex and holds it for bookkeeping alone, never for a call, a
// file or a log line.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "monitor/inventory.h"
#include "tidegauge/config/config.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

/// Which containers are inspected after a list.
enum class InspectScope : std::uint8_t { all, changed };

class EngineState {
 public:
  /// Unless only the Engine is to be asked for samples, somebody calls `take_pending_runs`.
  explicit EngineState(config::MonitorConfig options);

  /// Before anything else: what an earlier daemon knew.
  void restore(const RestoredState& state);

  /// Applies other options to all that is known. Returns the containers to inspect, as they are
  /// newly watched.
  [[nodiscard]] std::vector<std::string> reconfigure(config::MonitorConfig options);

  /// The times between what the workers repeat.
  struct Pace {
    Milliseconds interval{};            ///< of cycles
    Milliseconds reconcile_interval{};  ///< 0: no reconciliation
  };
  [[nodiscard]] Pace pace() const;

  /// Calls `use(inventory)` under the mutex.
  template <class Use>
  decltype(auto) with_inventory(Use&& use) {
    const MutexLock lock(mutex_);
    return std::forward<Use>(use)(inventory_);
  }

  // --- the containers ---------------------------------------------------------------------------

  struct Applied {
    Inventory::Effect effect = Inventory::Effect::none;
    bool inspect = false;       ///< now: while the Engine is down, the inventory to come does it
    bool check_engine = false;  ///< whether it is ending, see EndLog
    bool read_log = false;      ///< the container's run has ended
  };
  Applied apply(const model::Event& event);

  /// Applies a list of all containers. Returns the containers to inspect.
  [[nodiscard]] std::vector<std::string> apply_list(
      const std::vector<model::ContainerSummary>& list, InspectScope scope);

  /// Applies the answer to an inspect, as Inventory::record_inspected.
  struct Inspected {
    bool accepted = false;
    bool sample_by_engine = false;  ///< now, as there is no sample of this run yet
  };
  Inspected apply_inspect(const std::string& id, std::uint64_t version, model::Container container);

  /// Applies a sample that the Engine was asked for when there were `outages` outages; null where
  /// the call failed. False where the sample is refused: the Engine went down meanwhile, so that a
  /// sample would be shown for the whole outage, or the kernel has sampled the container first.
  bool apply_engine_sample(const std::string& id, std::shared_ptr<model::ContainerStats> sample,
                           std::uint64_t outages);

  /// Waits until each container has been asked about, or until `deadline`.
  void await_inspects(SteadyTime deadline, const std::stop_token& stop);

  // --- the Engine -------------------------------------------------------------------------------

  [[nodiscard]] bool is_up() const;
  /// How often the Engine has gone down.
  [[nodiscard]] std::uint64_t outages() const;
  /// The Engine is up, unless it went down since there were `outages` outages. Returns whether the
  /// end of a failure is to be logged.
  bool set_up(std::uint64_t outages);
  /// Returns whether the failure is to be logged: `loggable`, and not logged already.
  bool set_down(const Error& reason, bool loggable);
  /// Whether the Engine is down, rather than not asked yet.
  [[nodiscard]] bool is_known_down() const;

  /// The Engine was asked for a sign of life after `asked_at`; `ending`: it is ending.
  void engine_checked(SteadyTime asked_at, bool ending);

  void record(model::EngineVersion version);
  void record(model::EngineInfo info);
  /// Whether the Engine has told its version, or its info, since it last came up.
  [[nodiscard]] bool has_version() const;
  [[nodiscard]] bool has_info() const;
  /// Whether the Engine counts other containers than the inventory has. Notes the Engine's time.
  [[nodiscard]] bool contradicts(const model::EngineInfo& info);
  /// Docker's data directory; nothing until the Engine has told it.
  [[nodiscard]] std::optional<std::string> root_directory() const;

  // --- the kernel sampling ----------------------------------------------------------------------

  struct PendingRun {
    std::string id;
    std::optional<Inventory::Run> run;       ///< nothing: the container does not run
    std::optional<std::string> cgroup_path;  ///< of this run or the next; nothing: not watched
  };
  /// The containers that may have been created, started or ended since the last call.
  [[nodiscard]] std::vector<PendingRun> take_pending_runs();

  // --- publication ------------------------------------------------------------------------------

  /// Something has changed that a snapshot shows. At the start nothing is published until all
  /// containers are known: half an inventory looks like containers lost.
  void mark_changed();
  /// Does what is due (Inventory::take_due). Returns the containers to inspect.
  [[nodiscard]] std::vector<std::string> take_due();
  /// Decides about all ends: nothing will be observed any more.
  void decide_all();
  /// Waits until runs are pending, until something is due, until `interrupt` is called or, with
  /// `for_changes`, until something has changed; at most until `deadline`.
  void wait(SteadyTime deadline, bool for_changes, const std::stop_token& stop);
  /// Ends the present wait, or the next one.
  void interrupt();
  /// Whether anything has changed since the last call.
  [[nodiscard]] bool take_changed();
  void write_snapshot(model::EngineSnapshot& snapshot, const Moment& now);

 private:
  void record_time(const model::EngineInfo& info) REQUIRES(mutex_);
  [[nodiscard]] bool is_end(const Error& reason) const REQUIRES(mutex_);
  [[nodiscard]] bool containers_outlive() const REQUIRES(mutex_);
  void mark_for_kernel(const std::string& id) REQUIRES(mutex_);

  [[nodiscard]] bool kernel_samples() const REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  config::MonitorConfig options_ GUARDED_BY(mutex_);
  Inventory inventory_ GUARDED_BY(mutex_);
  bool unpublished_ GUARDED_BY(mutex_) = false;  // changes
  bool interrupted_ GUARDED_BY(mutex_) = false;
  bool up_ GUARDED_BY(mutex_) = false;
  bool failure_logged_ GUARDED_BY(mutex_) = false;
  std::string down_reason_ GUARDED_BY(mutex_);  // empty: up, or not asked yet
  std::uint64_t outages_ GUARDED_BY(mutex_) = 0;
  std::optional<model::EngineVersion> version_ GUARDED_BY(mutex_);
  std::optional<model::EngineInfo> info_ GUARDED_BY(mutex_);
  std::set<std::string> pending_kernel_ids_ GUARDED_BY(mutex_);
};

}  // namespace tidegauge::monitor
