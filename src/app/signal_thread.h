#pragma once

// Handles the daemon's signals on a thread of its own. That thread also limits the time that
// stopping takes: where a thread hangs in a call that nothing can interrupt (a file system, a name
// server), the process ends nevertheless.
//
//   SIGTERM, SIGINT     stop
//   SIGHUP              reload the configuration; ignored while stopping
//   other signals whose default is to end the process without a core    logged and ignored
//   SIGPIPE, SIGXFSZ    ignored: the failed write returns an error
//
// Signals that mean a bug (SIGSEGV) or ask for a core (SIGQUIT) keep their default action.
//
// The main thread makes it before any other thread of the daemon, and destroys it after all of
// them.

#include <csignal>
#include <thread>

#include "app/reload_requests.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"
#include "tidegauge/util/wakeup.h"

namespace tidegauge::app {

class SignalThread {
 public:
  /// The time from the signal until the process ends although it has not stopped in order.
  static constexpr Milliseconds stop_limit{4'000};

  /// Stops and reloads are asked of `requests`, which outlives this object, as does `logger`.
  /// Throws std::system_error without descriptors or threads.
  SignalThread(Logger& logger, ReloadRequests& requests);
  /// Call it after the daemon has stopped: it cancels the limit.
  ~SignalThread();
  SignalThread(const SignalThread&) = delete;
  SignalThread& operator=(const SignalThread&) = delete;

 private:
  void run();
  void log(int signal);

  Logger& logger_;
  ReloadRequests& requests_;
  sigset_t signals_{};
  UniqueFd signal_fd_;
  Wakeup ended_;
  std::thread thread_;  // uses the members above: declared last
};

}  // namespace tidegauge::app
