#pragma once

// Waits for changes of the kernel's files, by epoll(7). A file is known by a key that its user
// chooses. A closed descriptor is not watched any more. Used by RunWatcher, by one thread.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::cgroup {

/// How a file is watched.
enum class Trigger : std::uint8_t {
  input,       ///< as long as there is something to read
  change,      ///< EPOLLPRI: as long as the latest change has not been read
  change_once  ///< the same, and then not before `watch_again`
};

/// The part that tests replace: epoll refuses the ordinary files of a test.
class ChangeNotifier {
 public:
  virtual ~ChangeNotifier() = default;
  /// Or errno.
  [[nodiscard]] virtual std::expected<void, int> watch(int fd, std::uint64_t key,
                                                       Trigger trigger) = 0;
  /// A file watched with `change_once` tells of its next change, or of one that was not read yet.
  virtual void watch_again(int fd, std::uint64_t key) = 0;
};

class EpollNotifier final : public ChangeNotifier {
 public:
  /// Throws std::system_error where the process has no descriptor left.
  EpollNotifier();

  [[nodiscard]] std::expected<void, int> watch(int fd, std::uint64_t key, Trigger trigger) override;
  void watch_again(int fd, std::uint64_t key) override;
  /// The keys of files that have changed; none at the deadline, or earlier. Without a deadline it
  /// waits for a minute. The next wait overwrites them.
  [[nodiscard]] std::span<const std::uint64_t> wait(std::optional<SteadyTime> deadline);

 private:
  UniqueFd epoll_;
  std::array<std::uint64_t, 256> changed_{};
};

}  // namespace tidegauge::cgroup
