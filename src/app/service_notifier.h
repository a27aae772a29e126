#pragma once

// Tells the service manager what becomes of the daemon, for a unit with Type=notify:
//
//   READY=1       once each Engine is known: its first inventory is complete, or it is down
//   STATUS=       how many containers are watched, and which Engines are down
//   WATCHDOG=1    whenever `all_loops_turn` is called
//   RELOADING=1   before a reload; READY=1 after it, also where the configuration is refused
//   STOPPING=1    at the end
//
// Where the service manager does not take a READY=1 or a STATUS=, it is told again with the next
// snapshot. Does nothing without a service manager. Thread-safe, and never waits.

#include <cstdint>
#include <string>
#include <utility>

#include "app/notify_socket.h"
#include "tidegauge/model/error.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_annotations.h"
#include "tidegauge/util/time.h"

namespace tidegauge::app {

/// "12 containers of 1 Engine, 9 of them running; down: local (connection refused)", on one line.
[[nodiscard]] std::string status_of(const model::Snapshot& engines);

class ServiceNotifier {
 public:
  /// `logger` outlives this.
  ServiceNotifier(NotifySocket socket, Logger& logger)
      : socket_(std::move(socket)), logger_(logger) {}

  /// A monitor has published, while the web server listens.
  void published(const model::Snapshot& engines, SteadyTime now = steady_now()) EXCLUDES(mutex_);
  void all_loops_turn();
  void reloading() EXCLUDES(mutex_);
  /// After `reloading`.
  void reloaded(const Result<void>& outcome, SteadyTime now = steady_now()) EXCLUDES(mutex_);
  /// Nothing is told after that.
  void stopping() EXCLUDES(mutex_);

 private:
  enum class Phase : std::uint8_t { starting, running, reloading, stopping };

  [[nodiscard]] Result<void> tell_news(SteadyTime now) REQUIRES(mutex_);
  void log_failure(const Result<void>& told);

  const NotifySocket socket_;
  Logger& logger_;
  Mutex mutex_;
  Phase phase_ GUARDED_BY(mutex_) = Phase::starting;
  bool ready_owed_ GUARDED_BY(mutex_) = false;
  std::string engines_ GUARDED_BY(mutex_);  ///< status_of the latest snapshots
  std::string refusal_ GUARDED_BY(mutex_);  ///< of the last reload; empty: it succeeded
  std::string status_ GUARDED_BY(mutex_);   ///< as it was told
  SteadyTime told_at_ GUARDED_BY(mutex_) = SteadyTime::min();
};

}  // namespace tidegauge::app
