#pragma once

// Passes on to the state of an Engine what the kernel tells about the runs of its containers: a
// kill for memory, and what a run has used until its end. Only cgroup v2 tells; elsewhere nothing
// comes, and the Engine's events and the samples have to do.
//
// One thread calls `run`, and another one all the rest. The context outlives the object.

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>

#include "monitor/worker_context.h"
#include "tidegauge/cgroup/run_watcher.h"
#include "tidegauge/monitor/container_monitor.h"

namespace tidegauge::monitor {

/// How many of the files of the kernel that a monitor may keep open are those of the notices.
[[nodiscard]] constexpr std::size_t descriptors_of_notices(const MonitorSettings& settings) {
  return settings.kernel_descriptors / 4;
}

/// A notice of Kind::out_of_memory, as the decision about an end needs it.
[[nodiscard]] MemoryKill memory_kill_of(const cgroup::RunNotice& notice);
/// A notice of Kind::ended; nothing where the cgroup was gone before it could be read.
[[nodiscard]] std::optional<model::RunUse> final_use_of(const cgroup::RunNotice& notice);

class RunNotices {
 public:
  /// Keeps at most `descriptors` files open.
  RunNotices(const WorkerContext& context, const cgroup::Paths& paths, std::size_t descriptors)
      : context_(context), watcher_(paths, descriptors) {}

  /// The cgroup of the container is, or will be, at `cgroup_path` on the host; nothing: it is not
  /// to be watched any more.
  void follow(const std::string& id, const std::optional<std::string>& cgroup_path);
  /// The cgroup of the container was found there, whatever the conventions say: a directory of the
  /// unified hierarchy, or empty where there is none.
  void follow_found(const std::string& id, const std::string& directory);
  /// Logs once why the kernel does not tell of some containers.
  void log_unwatched();
  /// `heartbeats`: null where nobody asks whether this loop turns.
  void run(const std::stop_token& stop, Heartbeats* heartbeats);

 private:
  void apply(const cgroup::RunNotice& notice);

  const WorkerContext& context_;
  cgroup::RunWatcher watcher_;
  bool unwatched_logged_ = false;
};

}  // namespace tidegauge::monitor
