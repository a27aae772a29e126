#pragma once

// Makes the record of ends and the counters of names survive a restart of the daemon
// (container_monitor.state_directory): restores the file of each Engine before its monitor starts,
// and saves what the monitors publish, on a thread of its own. Made by Daemon, before the monitors.
//
// A disk that is full or hangs costs nobody anything but this record: it is logged, and the daemon
// goes on.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tidegauge/model/error.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/monitor/restored_state.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/retry.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::app {

class StateKeeper {
 public:
  using Snapshots = std::function<model::Snapshot()>;
  using Restored = std::shared_ptr<const monitor::RestoredState>;

  /// Logs why the directory cannot be used, if so. `logger` and `guard` outlive this.
  StateKeeper(std::string directory, Logger& logger, ThreadGuard& guard);
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  /// The state of an Engine that was saved last; null where no state was saved. A file that is
  /// damaged is logged and kept aside, as NAME.damaged. Thread-safe.
  [[nodiscard]] Restored restore(const std::string& endpoint);

  /// Saves what has changed, every `pause`, until `stop`. `snapshots` returns what the monitors
  /// have published.
  void start(Snapshots snapshots, Milliseconds pause = Milliseconds{10'000});
  /// Ends that, and saves a last time: for when the monitors have ended. Without a start it does
  /// nothing.
  void stop();

 private:
  /// The latest that is known of one Engine.
  struct Kept {
    std::shared_ptr<const model::RunEnds> ends;
    std::vector<std::pair<std::string, model::Lifecycle>> lifecycles;
    std::optional<WallTime> followed_until;
    bool is_saved = true;
  };

  [[nodiscard]] std::string path_of(const std::string& endpoint) const;
  void set_aside(const std::string& path, const std::string& reason) const;
  void save_changes();
  [[nodiscard]] Kept& kept_of(const std::string& endpoint);
  static void take_over(Kept& kept, const model::EngineSnapshot& engine);
  [[nodiscard]] Result<void> write(const std::string& endpoint, const Kept& kept) const;

  const std::string directory_;
  Logger& logger_;
  ThreadGuard& guard_;
  Snapshots snapshots_;
  Guarded<std::map<std::string, Restored>> restored_;
  // Only the thread uses these members, and `stop` once the thread has ended.
  std::map<std::string, Kept> kept_;
  Retry writing_;
  std::jthread thread_;  // uses the members above: declared last
};

}  // namespace tidegauge::app
