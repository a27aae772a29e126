#pragma once

// Finds the starts of one container that have failed. Such a start sends no event of the container:
// its networks are connected and disconnected again, and an inspect shows the Engine's error text.
// A container without a network shows nothing at all, so a new container without a start is
// inspected after 2 s.
//
// Example: "create", network "connect", network "disconnect", and no "start" between the two. The
// inspect that follows shows exit code 127 and the text: one failure. The next inspect shows the
// same and is no news.
//
// Not thread-safe: part of Inventory.

#include <cstdint>
#include <optional>
#include <utility>

#include "tidegauge/model/container.h"
#include "tidegauge/model/run_end.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

/// Whether the Engine could not start the container the last time.
[[nodiscard]] inline bool has_failed_to_start(const model::Container& container) {
  return !container.start_error.empty() && !model::has_processes(container.state) &&
         model::is_exit_code_of_failed_start(container.exit_code);
}

class StartAttempts {
 public:
  void created(SteadyTime now) { check_at_ = now + patience; }
  void network_connected() {
    connected_ = true;
    found_early_ = false;
  }
  void network_disconnected(SteadyTime now) {
    if (!std::exchange(connected_, false)) return;  // a run has ended
    if (std::exchange(found_early_, false)) return;
    ++failures_;
    check_at_ = now;
  }
  void started() {
    connected_ = false;
    failures_ = 0;
    check_at_.reset();
  }

  /// An inspect has come, after `before` was known. `is_new`: the daemon has seen the container
  /// being created. Returns how many failures the inspect is the first to explain.
  [[nodiscard]] std::uint64_t inspected(const model::Container& before,
                                        const model::Container& container, bool is_new) {
    if (!has_failed_to_start(container)) return 0;
    if (failures_ > 0) return std::exchange(failures_, 0);
    const bool is_news = is_new && before.start_error.empty();
    found_early_ = is_news;
    return is_news ? 1 : 0;
  }

  /// Failures that no inspect has explained.
  [[nodiscard]] std::uint64_t unexplained() const noexcept { return failures_; }

  /// When the container is to be inspected; nothing: no start of it is in doubt.
  [[nodiscard]] std::optional<SteadyTime> check_at() const noexcept { return check_at_; }
  void checked() noexcept { check_at_.reset(); }

 private:
  static constexpr auto patience = std::chrono::seconds(2);

  bool connected_ = false;    ///< to a network, since the last start
  bool found_early_ = false;  ///< by an inspect that was ahead of the event
  std::uint64_t failures_ = 0;
  std::optional<SteadyTime> check_at_;
};

}  // namespace tidegauge::monitor
