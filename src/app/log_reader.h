#pragma once

// Answers /api/v1/logs/ENDPOINT/NAME (web.show_logs): the last lines of a container's log, read
// from the Engine when a client asks. A handler of the server must not wait for an Engine, so a
// thread reads, one log after the other; beyond a few that wait, a client gets status 503. The
// thread begins with the first log. Made by StatusEndpoint. Thread-safe.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tidegauge/model/error.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/util/time.h"
#include "tidegauge/web/messages.h"

namespace tidegauge::app {

class LogReader {
 public:
  struct Log {
    std::string endpoint;
    std::string id;           ///< of the container
    std::uint32_t lines = 0;  ///< at most
  };
  /// Reads the lines, until it is to stop.
  using Read =
      std::function<Result<std::vector<std::string>>(const Log&, const std::stop_token& stop)>;

  /// `guard` and what `read` refers to outlive this.
  LogReader(Read read, ThreadGuard& guard) : read_(std::move(read)), guard_(guard) {}
  /// Aborts what is being read. Clients that wait get status 503.
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  void read(Log log, web::Responder respond) EXCLUDES(mutex_);

 private:
  struct Order {
    Log log;
    web::Responder respond;
    SteadyTime asked_at;
  };
  static constexpr std::size_t most_waiting = 8;

  void start_thread() REQUIRES(mutex_);
  void run(const std::stop_token& stop) EXCLUDES(mutex_);
  void answer(Order order, const std::stop_token& stop) const;

  const Read read_;
  ThreadGuard& guard_;
  Mutex mutex_;
  std::condition_variable_any wakeup_;
  std::deque<Order> waiting_ GUARDED_BY(mutex_);
  std::jthread thread_;  // uses the members above: declared last
};

}  // namespace tidegauge::app
