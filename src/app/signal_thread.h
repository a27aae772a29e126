#pragma once

// The daemon's signals, on a thread of their own, which also bounds the time that stopping takes:
// where something hangs that no thread can be freed from (a file system, a name server), the
// process ends nevertheless.
//
//   SIGTERM, SIGINT     stop
//   SIGHUP              logged: there is no reload
//   other signals that would end the process without a core    logged and ignored
//   SIGPIPE, SIGXFSZ    ignored: the failed write tells
//
// Signals that mean a bug (SIGSEGV) or ask for a core (SIGQUIT) keep their default action.
//
// Made on the main thread before any other thread of the daemon, and destroyed after all of them.

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include "tidegauge/util/log.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"
#include "tidegauge/util/wakeup.h"

namespace tidegauge::app {

class SignalThread {
 public:
  /// From the signal to the end of the process where the orderly end takes longer.
  static constexpr Milliseconds stop_limit{4'000};

  /// `logger` outlives this. Throws std::system_error without descriptors or threads.
  explicit SignalThread(Logger& logger);
  /// The daemon has ended: the limit no longer applies.
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

  /// Waits for SIGTERM or SIGINT.
  void wait_for_stop();

 private:
  void run();
  void log(int signal);

  Logger& logger_;
  sigset_t signals_{};
  UniqueFd signal_fd_;
  Wakeup ended_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by the mutex
  std::thread thread_;     // uses what is above: declared last
};

}  // namespace tidegauge::app
