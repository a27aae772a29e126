#pragma once

// The files of one container's cgroup of v2 that tell of its end, and those with what it has used.
//
// systemd removes a cgroup a moment after its last process, so the files that matter are kept open:
// an open file is read in a fraction of the time. The directory is kept open for the others, so
// that a new cgroup at the same path is never read in its place. Used by WatchedRuns, by one
// thread.

#include <expected>
#include <optional>
#include <string>

#include "cgroup/memory_events_file.h"
#include "tidegauge/cgroup/file_reader.h"
#include "tidegauge/cgroup/run_watcher.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::cgroup {

class RunFiles {
 public:
  /// Or errno; ENOENT or ENODEV if there is no such cgroup. Cgroups without a controller for memory
  /// have no memory.events.
  [[nodiscard]] static std::expected<RunFiles, int> open(const std::string& directory,
                                                         Beginning beginning, FileReader& reader,
                                                         SteadyTime now);

  /// Whether there is a process in the cgroup or below it. Or errno: the cgroup is gone.
  [[nodiscard]] std::expected<bool, int> is_populated(FileReader& reader) const;
  /// Opens memory.events where it did not exist before.
  void find_memory_events(Beginning beginning, FileReader& reader, SteadyTime now);
  /// Reads what the run has used. Allocates nothing. A look at memory.events, too.
  [[nodiscard]] RunReading read(FileReader& reader, Moment now);

  [[nodiscard]] int events_fd() const noexcept { return events_.get(); }
  [[nodiscard]] std::optional<MemoryEventsFile>& memory() noexcept { return memory_; }

 private:
  RunFiles(UniqueFd directory, UniqueFd events) noexcept
      : directory_(std::move(directory)), events_(std::move(events)) {}
  [[nodiscard]] UniqueFd open_file(const char* name) const;

  UniqueFd directory_;
  UniqueFd events_;       ///< cgroup.events
  UniqueFd cpu_;          ///< cpu.stat
  UniqueFd memory_peak_;  ///< memory.peak; not valid where this kernel does not have it
  std::optional<MemoryEventsFile> memory_;
};

}  // namespace tidegauge::cgroup
