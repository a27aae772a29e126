#pragma once

// Wakes threads out of poll(2): an eventfd. Once signalled it stays readable, for everybody who
// polls it, until it is drained. Thread-safe.

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "tidegauge/util/unique_fd.h"

namespace tidegauge {

class Wakeup {
 public:
  /// Throws std::system_error where there is no descriptor left.
  Wakeup() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!fd_.valid()) throw std::system_error(errno, std::generic_category(), "eventfd");
  }

  void signal() const noexcept {
    const std::uint64_t one = 1;
    // Fails only where the counter is full: then the thread is being woken anyway.
    [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
  }
  /// Forgets the signals so far.
  void drain() const noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(fd_.get(), &count, sizeof count);
  }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  UniqueFd fd_;
};

}  // namespace tidegauge
