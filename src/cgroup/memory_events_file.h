#pragma once

// Follows one memory.events (or memory.events.local) of cgroup v2, and remembers what it said some
// seconds ago: the reader of a kill must see what grew just before the kill, and not since the last
// look alone. Used by WatchedRuns, by one thread.
//
// Example: the limit is hit, `oom` grows, and the look at that change comes before the kernel has
// killed anything. The kill shows at the next look, a second later. So what grew since the look
// before that belongs to the kill, too.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <utility>

#include "tidegauge/cgroup/file_reader.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::cgroup {

/// The counts of a cgroup before the first look at its file.
enum class Beginning : std::uint8_t {
  unknown,  ///< what the first look shows
  zero      ///< nothing: the cgroup has just appeared
};

class MemoryEventsFile {
 public:
  /// After a change, the next look comes this much later.
  static constexpr Milliseconds pace{1000};
  /// Two looks, and some time for the kernel to kill.
  static constexpr Milliseconds recent{2 * pace};

  /// Opens the file in the directory `cgroup` and looks at it. Or errno.
  [[nodiscard]] static std::expected<MemoryEventsFile, int> open(int cgroup, const char* name,
                                                                 Beginning beginning,
                                                                 FileReader& reader,
                                                                 SteadyTime now);

  /// Reads the file anew. Whether it has changed since the last look, or errno: the cgroup is gone.
  [[nodiscard]] std::expected<bool, int> look(FileReader& reader, SteadyTime now);

  [[nodiscard]] const model::MemoryEvents& latest() const noexcept { return looks_[0].events; }
  /// At the newest look that is at least `recent` older than the latest one, or else at the first.
  [[nodiscard]] const model::MemoryEvents& before() const noexcept;
  [[nodiscard]] const model::MemoryEvents& first() const noexcept { return first_; }
  [[nodiscard]] int fd() const noexcept { return file_.get(); }

 private:
  struct Look {
    SteadyTime at{};
    model::MemoryEvents events;
  };

  MemoryEventsFile(UniqueFd file, Look first) noexcept
      : file_(std::move(file)), first_(first.events), looks_{first, first, first} {}

  UniqueFd file_;
  model::MemoryEvents first_;
  std::array<Look, 3> looks_;  ///< the latest first, each at least `pace` after the next
};

}  // namespace tidegauge::cgroup
