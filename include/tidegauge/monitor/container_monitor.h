#pragma once

// Watches the containers of one Engine and publishes what it knows as an immutable snapshot. Knows
// nothing of connections: it asks ClientManager.
//
// The inventory follows the Engine's events: one list and one inspect per container at the start,
// then an inspect of what changed. Until all that there is at the start has been asked about
// nothing is published; from then on whatever changes is, within a tenth of a second.
//
// Samples are taken every interval: by the kernel's files of those containers whose cgroups are
// visible, in one go on the thread of `run`, and through the Engine of the others, spread over the
// interval. While the Engine is down, those that the kernel shows to live are still published.
//
// One thread calls `run` (or, in tests and for --once, `run_once`). Threads of its own make the
// calls, so that one that hangs keeps nothing else waiting.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/cgroup/cgroup_error.h"
#include "tidegauge/cgroup/filesystem_sampler.h"
#include "tidegauge/cgroup/host_files.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/config/config.h"
#include "tidegauge/docker/client_manager.h"
#include "tidegauge/model/cycle_report.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/monitor/inventory.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/retry.h"
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
  std::uint32_t max_connections;       ///< calls in flight are never more
  cgroup::Paths kernel = {};           ///< where the kernel's files are
  std::size_t kernel_descriptors = 0;  ///< how many of them are kept open
  cgroup::FilesystemSampler::Stat stat_filesystem = cgroup::stat_filesystem;
};

class CallScheduler;
enum class InspectWhom : std::uint8_t;
enum class SampleScope : std::uint8_t;
class KernelSampler;
class OptionalCall;
class SnapshotRecycler;

class ContainerMonitor {
 public:
  /// `index` is the endpoint's place in the SnapshotStore.
  ContainerMonitor(std::string endpoint, std::size_t index, const config::MonitorConfig& options,
                   const MonitorContext& context);
  ~ContainerMonitor();
  ContainerMonitor(const ContainerMonitor&) = delete;
  ContainerMonitor& operator=(const ContainerMonitor&) = delete;

  /// Lists, inspects and samples everything once, then publishes. A container whose calls fail
  /// costs only its own series; an Engine that does not answer, all of them.
  void run_once(const std::stop_token& stop = {});

  /// Watches until `stop`, and publishes at least once per interval. An Engine that goes down is
  /// published at once, one that comes back is watched again at once.
  void run(const std::stop_token& stop);

 private:
  class Followed;
  struct OptionalCalls;

  // The thread that follows the Engine, or that of `run_once`.
  Result<void> take_inventory(InspectWhom whom, const std::stop_token& stop);
  void drop_unusable(std::vector<model::ContainerSummary>& list);
  void warn_of_unusable_id();
  Result<void> learn_engine(const std::stop_token& stop);
  template <class Value>
  Result<void> learn(OptionalCall& call, std::optional<Value>& known,
                     Result<Value> (docker::ClientManager::*ask)(std::string_view,
                                                                 const std::stop_token&),
                     const std::stop_token& stop);
  Result<void> reconcile(const std::stop_token& stop);
  void record_time(const model::EngineInfo& info);
  Inventory::Effect apply(const model::Event& event);
  void engine_up(std::uint64_t outages);
  void engine_down(const Error& reason);  // and the thread that watches the health

  // Calls about one container, by the scheduler's threads.
  void inspect(const std::string& id, const std::stop_token& stop);
  void inspect_failed(const std::string& id, Errc reason);
  void warn_of_invalid_enable_label(const model::Container& container);
  void sample(const std::string& id, SteadyTime due, const std::stop_token& stop);
  void measure(const std::string& id, const std::stop_token& stop);
  void record_outcome(const std::string& id, Inventory::Question question,
                      const std::optional<Error>& failure);
  [[nodiscard]] std::string name_of(const std::string& id);
  void record_latest_answer(SteadyTime::duration took);

  // The thread of `run`: what the kernel shows.
  [[nodiscard]] bool follow_kernel();
  void sample_by_kernel(SampleScope whose);
  void sample_host();
  void report_stuck_filesystems();
  void report_refused();
  void kernel_failed(const std::string& id, const Inventory::Run& run,
                     const cgroup::CgroupError& error, std::uint32_t times);
  void look_for_end(const std::string& id);
  void kernel_news(const std::string& id);
  [[nodiscard]] bool kernel_falls_back() const;

  // The thread of `run`.
  void begin_cycle();
  void measure_layers(bool every_one);
  void refresh_some();
  void report_cycle();
  void publish();
  void changed();

  const std::string endpoint_;
  const std::size_t index_;
  const config::MonitorConfig options_;
  const MonitorContext context_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by the mutex:
  Inventory inventory_;
  bool dirty_ = false;  // since it was last published
  bool up_ = false;
  bool failing_ = false;       // and logged as such
  std::string down_reason_;    // why it is not; empty: not asked yet
  std::uint64_t outages_ = 0;  // how often it was told to be down
  std::optional<model::EngineVersion> version_;
  std::optional<model::EngineInfo> info_;
  std::set<std::string> kernel_news_;  // containers that may run otherwise than the kernel's files
                                       // of them are kept open for

  // Of the thread of `run`:
  std::unique_ptr<KernelSampler> kernel_;  // null: only the Engine is asked
  std::set<cgroup::CgroupError::Reason> reported_kernel_errors_;
  cgroup::HostFiles host_files_;
  std::string engine_directory_;                  // as the Engine last said
  std::set<std::string> reported_filesystems_;    // as stuck
  bool refused_reported_ = false;                 // that files of processes are not to be seen
  std::shared_ptr<const model::HostStats> host_;  // null: to be sampled, if the kernel is asked
  std::unique_ptr<SnapshotRecycler> recycler_;

  // Of the cycle so far.
  std::atomic<std::uint64_t> list_errors_ = 0;
  std::atomic<std::uint64_t> inspect_errors_ = 0;
  std::atomic<std::uint64_t> sample_errors_ = 0;
  std::atomic<SteadyTime::duration> latest_answer_{};  // after its sample was due

  std::unique_ptr<Followed> followed_;

  // Of the thread that follows the Engine:
  std::unique_ptr<OptionalCalls> calls_;
  Retry unusable_ids_;  // limits the log

  std::unique_ptr<CallScheduler> scheduler_;  // ended before what it uses
};

}  // namespace tidegauge::monitor
