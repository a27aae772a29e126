#pragma once

// Learns from the kernel, at once and without polling, that the last process of a container has
// ended and that the kernel has killed a process for want of memory, and reads what the run has
// used at that moment. Used by `monitor`.
//
// Only cgroup v2 tells a reader: cgroup.events and memory.events raise EPOLLPRI (the kernel's
// Documentation/admin-guide/cgroup-v2.rst). v1 tells only those who may write; there nothing is
// watched. All files are opened for reading only.
//
// Example: `docker run --rm busybox true`. At the event `create` the monitor expects the container;
// the directory of its cgroup does not exist, so inotify watches the directory above. The cgroup
// appears: its files are opened. Its last process ends: cgroup.events has "populated 0", and
// cpu.stat, memory.events, memory.peak and memory.current are read, some milliseconds before the
// runtime removes the cgroup. A restart makes a new cgroup at the same path, which is watched in
// the same way without another `expect`.
//
// memory.events changes up to 100 times a second in a container that lives at its limit. After a
// change, the next look at the file comes a second later. So the kernel wakes the thread at most
// once a second for each container; a kill in that second is told at the next look, or at the end
// of the run if that is earlier.
//
// Thread-safe, except that `run` belongs to one thread at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "tidegauge/cgroup/cgroup_error.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/heartbeats.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/wakeup.h"

namespace tidegauge::cgroup {

/// What a run has used by one moment. A value that could not be read is absent; all are where the
/// cgroup was removed before it could be read.
struct RunReading {
  Moment at{};
  std::optional<double> cpu_seconds;               ///< usage_usec of cpu.stat
  std::optional<std::uint64_t> memory_peak_bytes;  ///< memory.peak, since Linux 5.19
  std::optional<std::uint64_t> memory_bytes;       ///< memory.current
  model::MemoryEvents memory_events;               ///< memory.events
};

/// What the kernel has told about one container.
struct RunNotice {
  enum class Kind : std::uint8_t {
    ended,         ///< the last process has ended, or the cgroup is gone
    out_of_memory  ///< `oom_kill` of memory.events has grown; told before the end that it causes
  };
  Kind kind{};
  std::string id;
  RunReading reading;
  /// memory.events at the last look that is at least two seconds older than the reading. Every
  /// change is looked at within a second, so what has grown since then grew in the last seconds.
  /// A kill by the container's own limit always has `oom` grown as well.
  model::MemoryEvents before;
  /// memory.events when the run was first seen; zeros where the cgroup was seen to appear.
  model::MemoryEvents first;
  /// With `out_of_memory`: the nearest cgroup above the container whose own limit caused an OOM in
  /// the last seconds ("/system.slice"), by `oom` of its memory.events.local. Empty where there is
  /// none, and before Linux 5.2.
  std::string limited_ancestor;
};

/// How many containers are watched, and why others are not.
struct RunCoverage {
  std::size_t expected = 0;
  std::size_t unwatched = 0;  ///< of those: left to the samples
  std::string reason;         ///< why one of them is not watched; empty if all are
};

class RunWatcher {
 public:
  /// How many files are open for one container at most, and for the watcher itself. Each cgroup
  /// above the containers takes one more.
  static constexpr std::size_t descriptors_per_run = 5;
  static constexpr std::size_t own_descriptors = 4;

  /// Keeps at most `descriptors` files of containers open. Throws std::system_error where there is
  /// no descriptor for the watcher itself.
  RunWatcher(const Paths& paths, std::size_t descriptors);
  ~RunWatcher();
  RunWatcher(const RunWatcher&) = delete;
  RunWatcher& operator=(const RunWatcher&) = delete;

  /// Why nothing can be expected by its path on the host: there is no cgroup v2 below path.sysfs,
  /// or a cgroup namespace hides its root. Absent where the watcher works.
  [[nodiscard]] const std::optional<CgroupError>& why_unsupported() const noexcept {
    return unsupported_;
  }

  /// From now on, watches the cgroup of the container `id`, which is or will be at `host_path`:
  /// "/docker/<id>", "/system.slice/docker-<id>.scope". Another path replaces the one before.
  /// False if the id is not 64 hexadecimal digits, if the last name of the path does not contain
  /// the id, if the path has ".." in it, or if paths on the host are not supported.
  bool expect(const std::string& id, const std::string& host_path);
  /// The same, for a directory of the unified hierarchy that Locator has found. False as well if
  /// the directory is not below path.sysfs.
  bool expect_directory(const std::string& id, const std::string& directory);
  void forget(const std::string& id);

  /// Waits for the kernel and passes on what it tells, until `stop`. Notices of runs that end
  /// together are passed on when all of these runs have been read. `on_notice` must not block.
  /// Gives the calling thread precedence over others where it may (CAP_SYS_NICE): on a busy machine
  /// systemd would otherwise remove a cgroup before it is read.
  /// `heartbeats`: null where nobody asks whether this loop turns.
  void run(const std::stop_token& stop, const std::function<void(const RunNotice&)>& on_notice,
           Heartbeats* heartbeats = nullptr);

  [[nodiscard]] RunCoverage coverage() const;

 private:
  struct Core;

  using Requests = std::map<std::string, std::optional<std::string>>;

  void take_requests(Moment now);
  void request(const std::string& id, std::optional<std::string> directory);

  std::string top_;   ///< directories are below it
  std::string root_;  ///< the directory of the host's root cgroup; empty if unsupported
  std::optional<CgroupError> unsupported_;
  Wakeup wakeup_;
  Guarded<Requests> requests_;  ///< the directory by id; absent: forget the container
  Guarded<RunCoverage> coverage_;
  std::unique_ptr<Core> core_;  ///< used by `run` alone
};

}  // namespace tidegauge::cgroup
