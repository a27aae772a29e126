#pragma once

// Notices directories that appear and vanish, by inotify(7) on the directory above: one watch for
// each directory above, however many are expected in it. What else appears there is read and
// dropped. Used by WatchedRuns, by one thread.
//
// The file system of cgroups does not tell that a watched directory itself was removed; so the
// directory above must be watched as well.

#include <cstdint>
#include <expected>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/util/unique_fd.h"

namespace tidegauge::cgroup {

class DirectoryWatch {
 public:
  /// Where the system refuses an inotify instance (fs.inotify.max_user_instances), `expect` fails.
  DirectoryWatch();

  struct Change {
    enum class Kind : std::uint8_t {
      appeared,
      vanished,
      unwatched  ///< the directory above was removed
    };
    Kind kind{};
    int watch = -1;
    std::string id;
  };

  /// From now on tells `id` of the directory `name` in `above`. Returns the handle of the watch, or
  /// errno: ENOENT if `above` does not exist.
  [[nodiscard]] std::expected<int, int> expect(const std::string& above, const std::string& name,
                                               const std::string& id);
  void forget(int watch, const std::string& name, const std::string& id);

  /// Appends what has changed, up to one buffer full of events. False if the kernel has dropped
  /// events: anything may have changed.
  [[nodiscard]] bool read(std::vector<Change>& changes);

  /// Readable when `read` has something to read; -1 if the system refused an inotify instance.
  [[nodiscard]] int fd() const noexcept { return inotify_.get(); }

 private:
  using Names = std::map<std::string, std::set<std::string>, std::less<>>;  ///< ids by name

  UniqueFd inotify_;
  int refused_ = 0;                ///< errno of inotify_init1
  std::map<int, Names> expected_;  ///< by watch
};

}  // namespace tidegauge::cgroup
