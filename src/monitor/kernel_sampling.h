#pragma once

// Samples containers and the machine from the kernel's files, and falls back to the Engine for
// containers whose files cannot be read: with `stats_source: auto`, such a container is sampled by
// the Engine until its files can be read. With `kernel` there is no fallback, and the failure shows
// as the container's.
//
// Used by one thread. The context and the notices outlive it.

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "monitor/cgroup_sampler.h"
#include "monitor/run_notices.h"
#include "monitor/worker_context.h"
#include "tidegauge/cgroup/cgroup_error.h"
#include "tidegauge/cgroup/filesystem_sampler.h"
#include "tidegauge/cgroup/host_files.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/model/host_stats.h"
#include "tidegauge/monitor/container_monitor.h"

namespace tidegauge::monitor {

class KernelSampling {
 public:
  /// `settings.options.stats_source` is not StatsChoice::engine.
  KernelSampling(const WorkerContext& context, RunNotices& notices, const MonitorSettings& settings,
                 const cgroup::Paths& paths, cgroup::FilesystemSampler::Stat stat_filesystem);

  /// Applies other settings, for which the same holds. The next sample shows them.
  void reconfigure(const MonitorSettings& settings);

  /// Takes up the runs that have begun or ended, and gives back the files of those that have ended.
  /// Returns whether there were any.
  [[nodiscard]] bool follow_runs();

  void sample(SampleScope scope);

  /// When the loads of containers are to be read next, for their peaks; never where nobody wants
  /// peaks.
  [[nodiscard]] SteadyTime next_loads() const noexcept { return sampler_.next_loads(); }
  void read_loads_when_due(SteadyTime now);
  /// The samples to come have the peaks of the interval that ends here.
  void end_interval() { sampler_.end_interval(); }

  /// The machine's numbers, sampled at most once between two calls of `sample(SampleScope::all)`.
  /// Null if nobody sees any of them.
  [[nodiscard]] std::shared_ptr<const model::HostStats> host();

 private:
  [[nodiscard]] bool falls_back() const {
    return settings_.options.stats_source == config::StatsChoice::automatic;
  }
  [[nodiscard]] Milliseconds retry_pause() const;
  void record_samples();
  void sample_failed(const std::string& id, const CgroupSampler::Watched& watched);
  [[nodiscard]] bool give_up_sample(const std::string& id);
  void fall_back(const std::string& id, const cgroup::CgroupError& error, bool is_reportable,
                 bool was_sampled);
  void log_fallback(const std::string& id, const cgroup::CgroupError& error);
  void log_refused();
  void log_stuck_filesystems();

  const WorkerContext& context_;
  RunNotices& notices_;
  MonitorSettings settings_;
  CgroupSampler sampler_;
  cgroup::HostFiles host_files_;
  std::optional<cgroup::HostScope> host_scope_;   ///< absent: nothing of the machine is sampled
  std::shared_ptr<const model::HostStats> host_;  ///< null: to be sampled
  std::string root_directory_;                    ///< the Engine's, as `host_` was sampled with

  // What has been logged, once each.
  std::set<cgroup::CgroupError::Reason> logged_reasons_;
  std::set<std::string> logged_filesystems_;
  bool refused_logged_ = false;
};

}  // namespace tidegauge::monitor
