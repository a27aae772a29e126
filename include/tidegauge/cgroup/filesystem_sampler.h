#pragma once

// Asks mounted file systems for their sizes (statvfs), each with a deadline. A file system whose
// server or helper hangs never answers, and the thread that asks it cannot be ended. So the calls
// are made by threads of this class, never by the caller's thread.
//
// In the steady state one thread makes all calls, one after another. A call that misses the
// deadline keeps its thread; the next file system is asked by another thread. Example, with a
// deadline of 500 ms and /mnt/a hanging:
//
//   first sample   /mnt/a: waits 500 ms, late     /home: a second thread, answered
//   later samples  /mnt/a: stuck, no wait         /home: the second thread, answered
//
// When the pending call for /mnt/a returns, the next sample takes its answer. A file system that
// always answers late thus shows the size of the sample before, and nobody waits for it.
//
// Used by one thread at a time. The destructor does not wait for calls that hang: their threads
// are detached, and own what they use.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidegauge/model/host_stats.h"
#include "tidegauge/util/time.h"

namespace tidegauge::cgroup {

/// The sizes of the file system that is mounted at `path`; nothing if it has no size or the system
/// refuses.
[[nodiscard]] std::optional<model::FilesystemStats> stat_filesystem(const std::string& path);

class FilesystemSampler {
 public:
  /// The function must own the objects that it uses: a call that hangs outlives the sampler.
  using Stat = std::function<std::optional<model::FilesystemStats>(const std::string& path)>;
  struct Limits {
    Milliseconds deadline{500};
    std::size_t max_stuck = 4;  ///< threads that hang at the same time
  };

  FilesystemSampler() : FilesystemSampler(stat_filesystem, {}) {}
  FilesystemSampler(Stat stat, Limits limits);
  ~FilesystemSampler();
  FilesystemSampler(FilesystemSampler&&) noexcept;
  FilesystemSampler& operator=(FilesystemSampler&&) = delete;

  enum class NoAnswer : std::uint8_t {
    late,  ///< the deadline has just passed
    stuck  ///< the call of an earlier sample is still pending, or too many other calls are
  };
  using Answer = std::expected<std::optional<model::FilesystemStats>, NoAnswer>;
  /// Waits until the deadline at most.
  [[nodiscard]] Answer sample(const std::string& path);

  /// Ends threads whose calls have returned for paths that `is_mounted` does not know any more.
  void forget_unmounted(const std::function<bool(const std::string& path)>& is_mounted);

 private:
  struct Worker;

  [[nodiscard]] Answer take_late_answer(std::vector<std::unique_ptr<Worker>>::iterator slow);
  [[nodiscard]] bool start_worker();

  Stat stat_;
  Limits limits_;
  std::unique_ptr<Worker> idle_;               // null: to be started
  std::vector<std::unique_ptr<Worker>> slow_;  // each with the call that missed the deadline
};

}  // namespace tidegauge::cgroup
