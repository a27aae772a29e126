#pragma once

// What has happened in the simulated Engine: the last 256 events, as real ones remember, and the
// streams that follow them. Thread-safe; the log outlives its streams.

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidegauge/util/time.h"
#include "tidegauge/util/wakeup.h"

namespace tidegauge::test {

struct Event {
  std::string type;  ///< "container", "network"
  std::string action;
  std::string id;     ///< of the actor
  std::string image;  ///< of a container
  std::vector<std::pair<std::string, std::string>> attributes;
  WallTime time{};  ///< given by the log; no two are equal
};

class EventStream;

class EventLog {
 public:
  void append(Event event, WallTime now);

 private:
  friend class EventStream;

  std::mutex mutex_;
  // Guarded by mutex_:
  std::deque<Event> remembered_;
  std::uint64_t forgotten_ = 0;  ///< how many came before the remembered ones
  WallTime last_{};
  std::vector<EventStream*> streams_;
};

/// A place in the log that moves on. Belongs to one thread.
class EventStream {
 public:
  /// From now on or, with `since`, from the oldest remembered event of that time or later.
  EventStream(EventLog& log, std::optional<WallTime> since);
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// What has come since the last call.
  [[nodiscard]] std::vector<Event> take();
  /// Signalled when there may be more to take.
  [[nodiscard]] const Wakeup& wake() const { return wake_; }

 private:
  friend class EventLog;

  EventLog& log_;
  std::uint64_t next_ = 0;  ///< index in the log since its beginning
  Wakeup wake_;
};

}  // namespace tidegauge::test
