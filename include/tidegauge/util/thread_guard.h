#pragma once

// Catches the exceptions of a thread: an exception that leaves the function of a thread ends
// neither the thread nor the program. It is logged and counted, and the function is called again
// after a pause.
//
//   threads.emplace_back([&](const std::stop_token& stop) {
//     guard.run("monitor", stop, [&] { monitor.run(stop); });
//   });
//
// Thread-safe. `app` makes one and hands it down by reference; it must outlive the threads.

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>

#include "tidegauge/util/guarded.h"
#include "tidegauge/util/log.h"

namespace tidegauge {

class ThreadGuard {
 public:
  /// `logger` must outlive this object.
  explicit ThreadGuard(Logger& logger) : logger_(logger) {}

  /// Calls `work` until it returns, or until `stop` once it has thrown. `thread` names the thread
  /// in the log, in the metric and for the kernel: "monitor", "maintenance".
  void run(std::string_view thread, const std::stop_token& stop,
           const std::function<void()>& work) noexcept;

  /// Calls `work` once. False where it threw, which is logged and counted: for threads that make
  /// many independent calls and go on with the next.
  bool run_once(std::string_view thread, const std::function<void()>& work) noexcept;

  /// How often the work of each thread has thrown since the start. Threads that never failed are
  /// absent.
  [[nodiscard]] std::map<std::string, std::uint64_t> failures() const;

 private:
  void record(std::string_view thread, const char* reason) noexcept;

  Logger& logger_;
  Guarded<std::map<std::string, std::uint64_t>> failures_;
};

}  // namespace tidegauge
