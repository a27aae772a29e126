#pragma once

// Wakes threads that wait in poll(2), by an eventfd. After `signal` the descriptor stays readable
// for all threads until `drain`. Thread-safe.

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "tidegauge/util/unique_fd.h"

namespace tidegauge {

class Wakeup {
 public:
  /// Throws std::system_error where the process has no descriptor left.
  Wakeup() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!fd_.valid()) throw std::system_error(errno, std::generic_category(), "eventfd");
  }

  void signal() const noexcept {
    const std::uint64_t one = 1;
    // Fails only if the counter is full, and then the descriptor is readable.
    [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
  }
  /// Resets the signals so far.
  void drain() const noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(fd_.get(), &count, sizeof count);
  }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace tidegauge
