#pragma once

// Samples containers and the machine from the kernel's files, and falls back to the Engine for
// containers whose files cannot be read: with `stats_source: auto`, such a container is sampled by
// the Engine until its files can be read. With `kernel` there is no fallback, and the failure shows
// as the container's.
//
// Used by one thread. The context outlives it.

#include <cstddef>
#include <memory>
#include <set>
#include <string>

#include "monitor/cgroup_sampler.h"
#include "monitor/worker_context.h"
#include "tidegauge/cgroup/cgroup_error.h"
#include "tidegauge/cgroup/filesystem_sampler.h"
#include "tidegauge/cgroup/host_files.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/model/host_stats.h"

namespace tidegauge::monitor {

class KernelSampling {
 public:
  /// Keeps at most `descriptors` files of containers open.
  KernelSampling(const WorkerContext& context, const cgroup::Paths& paths, std::size_t descriptors,
                 cgroup::FilesystemSampler::Stat stat_filesystem,
                 const config::OptionalGroups& optional_groups);

  /// Takes up the runs that have begun or ended, and gives back the files of those that have ended.
  /// Returns whether there were any.
  [[nodiscard]] bool follow_runs();

  void sample(SampleScope scope);

  /// The machine's numbers, sampled at most once between two calls of `sample(SampleScope::all)`.
  [[nodiscard]] std::shared_ptr<const model::HostStats> host();

 private:
  [[nodiscard]] bool falls_back() const {
    return context_.options.stats_source == config::StatsChoice::automatic;
  }
  void record_samples();
  void sample_failed(const std::string& id, const CgroupSampler::Watched& watched);
  [[nodiscard]] bool give_up_sample(const std::string& id);
  void fall_back(const std::string& id, const cgroup::CgroupError& error, bool is_reportable,
                 bool was_sampled);
  void log_fallback(const std::string& id, const cgroup::CgroupError& error);
  void log_refused();
  void log_stuck_filesystems();

  const WorkerContext& context_;
  CgroupSampler sampler_;
  cgroup::HostFiles host_files_;
  std::shared_ptr<const model::HostStats> host_;  ///< null: to be sampled
  std::string root_directory_;                    ///< the Engine's, as `host_` was sampled with

  // What has been logged, once each.
  std::set<cgroup::CgroupError::Reason> logged_reasons_;
  std::set<std::string> logged_filesystems_;
  bool refused_logged_ = false;
};

}  // namespace tidegauge::monitor
