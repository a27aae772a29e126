#include "tidegauge/util/thread_guard.h"

#include <pthread.h>

#include <array>
#include <exception>

#include "tidegauge/util/retry.h"

namespace tidegauge {

void ThreadGuard::run(std::string_view thread, const std::stop_token& stop,
                      const std::function<void()>& work) noexcept {
  // Shown by `top -H`; the kernel keeps fifteen bytes.
  std::array<char, 16> name{};
  thread.copy(name.data(), name.size() - 1);
  ::pthread_setname_np(::pthread_self(), name.data());
  Retry retry;
  while (!run_once(thread, work) && !stop.stop_requested()) {
    static_cast<void>(retry.failed(steady_now()));  // Logger limits the lines
    retry.pause(stop);
  }
}

bool ThreadGuard::run_once(std::string_view thread, const std::function<void()>& work) noexcept {
  try {
    work();
    return true;
  } catch (const std::exception& error) {
    record(thread, error.what());
  } catch (...) {
    record(thread, "an exception of an unknown type");
  }
  return false;
}

/// The memory for the line or the count may be what is lacking: then both are lost, and the thread
/// goes on nevertheless.
void ThreadGuard::record(std::string_view thread, const char* reason) noexcept {
  try {
    failures_.with([&](auto& failures) { ++failures[std::string(thread)]; });
    logger_.error("a thread failed and goes on", {{"thread", thread}, {"reason", reason}});
  } catch (...) {
    return;
  }
}

std::map<std::string, std::uint64_t> ThreadGuard::failures() const {
  return failures_.with([](const auto& failures) { return failures; });
}

}  // namespace tidegauge
