#pragma once

// What RunWatcher knows about the containers that it watches, and what it makes of each change that
// the kernel tells. Makes no wait: RunWatcher waits, and passes on the keys of changed files.
//
// The life of a container's cgroup, as far as it matters here:
//
//   awaited    it does not exist; all directories above it that exist are watched
//   open       it exists, and its files are watched
//   gone       its files said that it was removed; the message of the directory above is to come
//   unwatched  it could not be opened for want of descriptors or of a watch; tried again when
//              descriptors have been given back, or when it appears anew
//
// Used by one thread. The notifier must outlive the object.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "cgroup/change_notifier.h"
#include "cgroup/directory_watch.h"
#include "cgroup/memory_events_file.h"
#include "cgroup/run_files.h"
#include "tidegauge/cgroup/container_files.h"
#include "tidegauge/cgroup/file_reader.h"
#include "tidegauge/cgroup/run_watcher.h"
#include "tidegauge/util/time.h"

namespace tidegauge::cgroup {

class WatchedRuns {
 public:
  /// Keys that the user of the notifier may give to files of its own.
  static constexpr std::uint64_t foreign_keys = 8;

  /// `root`: the directory of the host's root cgroup, or empty. No directory above it is watched,
  /// or above `top` without a root. Keeps at most `descriptors` files open.
  WatchedRuns(std::string top, std::string root, std::size_t descriptors, ChangeNotifier& notifier);

  /// As RunWatcher's; `directory` is absolute and below `top`.
  void expect(const std::string& id, const std::string& directory, Moment now);
  void forget(const std::string& id);

  /// Takes up what the kernel has told about the files with these keys, and looks at the files
  /// whose time has come.
  void handle(std::span<const std::uint64_t> changed, Moment now);
  /// Looks at everything: messages may have been lost.
  void look_at_all(Moment now);

  /// When `handle` is to be called even if the kernel tells nothing.
  [[nodiscard]] std::optional<SteadyTime> next_look() const;
  /// What there is to tell, in order; nothing when all has been taken.
  [[nodiscard]] std::optional<RunNotice> take_notice();
  [[nodiscard]] const RunCoverage& coverage() const noexcept { return coverage_; }

 private:
  enum class State : std::uint8_t { awaited, open, gone, unwatched };
  /// A cgroup above containers.
  struct Ancestor {
    std::string name;  ///< its path on the host
    std::uint64_t key = 0;
    std::size_t users = 0;
    MemoryEventsFile file;
  };
  using Ancestors = std::map<std::string, Ancestor>;  ///< by directory
  /// A directory above a run's that is watched, and what is expected in it.
  struct Step {
    int watch = -1;
    std::string name;
    bool operator==(const Step&) const = default;
  };
  struct Run {
    std::string id;
    std::string directory;
    std::vector<Step> path = {};     ///< to the deepest directory that exists, from the top
    bool is_parent_watched = false;  ///< the last step expects the cgroup itself

    State state = State::awaited;
    Beginning beginning = Beginning::unknown;  ///< of the next cgroup at this path
    std::optional<RunFiles> files = {};
    std::uint64_t events_key = 0;
    std::uint64_t memory_key = 0;
    std::vector<Ancestors::iterator> ancestors = {};  ///< the nearest first
    bool is_populated = false;                        ///< at the last look
    bool has_ended = false;                           ///< and this has been told
    std::uint64_t told_kills = 0;
  };
  /// A watched file is one of a run, or an ancestor's memory.events.local.
  struct File {
    Run* run = nullptr;
    Ancestor* ancestor = nullptr;
  };
  /// A notice before its strings are made.
  struct Observation {
    Run* run = nullptr;
    RunNotice::Kind kind{};
    RunReading reading;
    model::MemoryEvents before;
    model::MemoryEvents first;
  };

  void check_ends(std::span<const std::uint64_t> changed);
  void check_end(Run& run);
  void end_removed(Run& run, const RunReading& reading);
  void end(Run& run, const RunReading& reading);
  void check_memory(std::span<const std::uint64_t> changed);
  void look_at_due();
  struct MemoryLook {
    int fd = -1;
    bool has_changed = false;
  };
  [[nodiscard]] std::optional<MemoryLook> look_at_memory(std::uint64_t key);
  void observe_new_kills(Run& run, const RunReading& reading);
  void observe(Run& run, RunNotice::Kind kind, const RunReading& reading);
  void make_notices();
  [[nodiscard]] std::string limited_ancestor(const Run& run);

  void read_directories();
  void take_up(const DirectoryWatch::Change& change);
  void look_at(Run& run);
  [[nodiscard]] std::expected<void, int> watch_above(Run& run);
  void forget(const Run& run, const std::vector<Step>& path);
  void open(Run& run);
  [[nodiscard]] std::expected<void, int> watch_files(Run& run);
  [[nodiscard]] std::expected<void, int> watch_memory(Run& run);
  void find_memory_events(Run& run);
  void open_ancestors(Run& run);
  [[nodiscard]] Ancestors::iterator open_ancestor(const std::string& directory);
  void close(Run& run);
  void retry_unwatched();
  void await(Run& run);
  void leave_unwatched(Run& run, std::string reason);
  void change_state(Run& run, State state);

  std::string top_;
  std::string root_;
  ChangeNotifier& notifier_;
  DescriptorBudget budget_;
  DirectoryWatch directories_;
  FileReader reader_;
  Moment now_{};

  std::map<std::string, Run> runs_;  ///< by id
  Ancestors ancestors_;
  std::unordered_map<std::uint64_t, File> files_;  ///< by key
  std::uint64_t last_key_ = foreign_keys;
  std::deque<std::pair<SteadyTime, std::uint64_t>> due_;  ///< when to look at memory.events again
  std::vector<Observation> observations_;  ///< has room for two of each run, without an allocation
  std::deque<RunNotice> notices_;
  bool has_given_back_ = false;  ///< descriptors, since the last try of unwatched runs
  RunCoverage coverage_;
};

}  // namespace tidegauge::cgroup
