#pragma once

// Keeps the inventory in step with one Engine: follows its events, and takes the inventory (a list,
// and inspects) where events may have been lost. The follower decides when each call is made, so
// that no Engine is asked without a pause, whatever it answers:
//
// - A stream that ends is resumed a little before its last event. A stream that ends at once, again
//   and again, is opened at growing distances, and then only the containers that a list shows to
//   have changed are inspected.
// - An event that cannot be read may be about any container: the inventory is taken once.
// - Where the stream cannot be opened, lists at a bearable pace take its place.
//
// Example: a proxy refuses GET /events. The containers are listed at once and all are inspected.
// 30 s later they are listed again: two are new, one has ended, these three are inspected. Five
// minutes later the stream is tried again.
//
// While the pool considers the Engine down, the follower reads a stream that the pool left open to
// its end: an Engine that stops tells how its containers end.
//
// One thread calls `follow`, another one `watch_health`. Everything that the constructor takes
// outlives the follower.

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "monitor/engine_state.h"
#include "monitor/optional_call.h"
#include "tidegauge/docker/client_manager.h"
#include "tidegauge/util/heartbeats.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/retry.h"
#include "tidegauge/util/thread_annotations.h"

namespace tidegauge::monitor {

/// What the follower calls; EngineCalls in the daemon, a double in tests. The thread of `follow`
/// calls `follow_from` to `reconcile`.
class FollowedEngine {
 public:
  FollowedEngine() = default;
  FollowedEngine(const FollowedEngine&) = delete;
  FollowedEngine& operator=(const FollowedEngine&) = delete;
  virtual ~FollowedEngine() = default;

  /// See Inventory::follow_from.
  virtual std::optional<WallTime> follow_from() = 0;
  virtual Inventory::Effect apply(const model::Event& event) = 0;
  virtual Result<void> take_inventory(InspectScope scope, const std::stop_token& stop) = 0;
  /// Waits until each container has been asked about, or until `deadline`.
  virtual void await_inspects(SteadyTime deadline, const std::stop_token& stop) = 0;
  virtual Result<void> reconcile(const std::stop_token& stop) = 0;

  /// How often to list and to reconcile. It may change at any time.
  [[nodiscard]] virtual EngineState::Pace pace() = 0;
  [[nodiscard]] virtual bool is_up() = 0;
  [[nodiscard]] virtual std::uint64_t outages() = 0;
  /// The Engine is up, unless it went down since there were `outages` outages.
  virtual void engine_up(std::uint64_t outages) = 0;
  virtual void engine_down(const Error& reason) = 0;
};

class EngineFollower {
 public:
  /// `heartbeats`: null where nobody asks whether these loops turn.
  EngineFollower(std::string endpoint, docker::ClientManager& clients, Logger& logger,
                 FollowedEngine& engine, Heartbeats* heartbeats = nullptr);

  void follow(const std::stop_token& stop);
  /// Reports an outage at once, also while the stream of events goes on.
  void watch_health(const std::stop_token& stop);

 private:
  /// The version of the pool's health that the current stream began with, and how to leave that
  /// stream.
  struct Following {
    std::uint64_t version = 0;
    std::stop_source leave{std::nostopstate};
  };

  [[nodiscard]] pool::EngineHealth begin_following(const std::stop_source& leave);
  void leave_stream_before(std::uint64_t version);
  Result<void> keep_up(const std::stop_token& stop);
  void inventory_failed(const Error& reason);

  Result<void> follow_events(docker::EventStream& stream, bool resumed,
                             const std::stop_token& stop);
  [[nodiscard]] bool replay(docker::EventStream& stream, const std::stop_token& stop);
  Result<void> listen(docker::EventStream& stream, const std::stop_token& stop);
  void read_rest(docker::EventStream& stream);
  Inventory::Effect apply(const model::Event& event);
  void event_lost(const Error& reason);
  Result<void> look_after_inventory(SteadyTime now, const std::stop_token& stop);
  Result<void> take_inventory(InspectScope scope, const std::stop_token& stop);
  void stream_ended(bool was_good);
  [[nodiscard]] SteadyTime reconcile_due() const;
  void wait_for_attempt(const std::stop_token& stop);
  void follow_pace();

  Result<void> list_instead(const std::stop_token& stop);

  const std::string endpoint_;
  docker::ClientManager& clients_;
  Logger& logger_;
  FollowedEngine& engine_;
  Heartbeats* const heartbeats_;

  Mutex mutex_;
  Following following_ GUARDED_BY(mutex_);

  // Of the thread of `follow`:
  Heartbeats::Loop loop_;
  OptionalCall events_;
  Retry inventories_;  // those that could not be taken
  Retry streams_;      // those that ended at once
  Retry losses_;       // events that could not be read
  std::optional<SteadyTime> last_loss_;
  std::uint64_t news_ = 0;  // events of this stream that were not known
  SteadyTime inventory_due_ = SteadyTime::max();
  SteadyTime reconciled_at_{};                   // or when this stream was opened
  EngineState::Pace pace_;                       // as it was at the last look
  SteadyTime next_attempt_ = SteadyTime::min();  // to keep up, once the last one has ended
  SteadyTime next_list_ = SteadyTime::min();
  bool lists_only_ = false;
  bool inspects_owed_ = false;  // the last list was not followed by inspects of all
};

}  // namespace tidegauge::monitor
