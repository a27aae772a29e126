#pragma once

// The lifecycle counters of one Engine's containers, by container name: a counter continues when a
// container is removed and another one is created under the same name. The counters of a name that
// no container has any more are kept for a while, so that a scrape sees the last change.
//
// Containers that are not watched share one set of counters that is never shown: their events are
// followed all the same, in case the containers are watched later.
//
// Not thread-safe: part of Inventory.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tidegauge/model/lifecycle.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class LifecycleCounters {
 public:
  /// Keeps the counters of a name that no watched container has for `kept_for`.
  explicit LifecycleCounters(Milliseconds kept_for) : kept_for_(kept_for) {}

  /// The counters of the watched container `name`; made when there are none. The reference holds
  /// until the next call of another method.
  model::Lifecycle& of(const std::string& name, const Moment& now);
  /// The counters of the name, as `of`, but none are made, and they stay retired; null where there
  /// are none.
  [[nodiscard]] model::Lifecycle* find(const std::string& name);
  model::Lifecycle& of_unwatched() noexcept { return unwatched_; }

  /// A watched container has been renamed. Where both names have counters, their sums go on under
  /// `to`: after `docker compose up --force-recreate`, which renames the new container, nothing is
  /// lost.
  void rename(const std::string& from, const std::string& to);

  /// The counters of before this start of the daemon: kept until a container has the name, or
  /// until their time is over.
  void restore(const std::string& name, const model::Lifecycle& lifecycle, const Moment& now);

  /// No watched container has the name any more; counters that are all zero are dropped.
  void retire(const std::string& name, const Moment& now);
  /// The same, but zeros stay: a counter that was shown is shown until its time is over.
  void retire_with_zeros(const std::string& name, const Moment& now);
  /// The user does not want containers of this name to be watched: the counters are not shown any
  /// more. They go on where the user changes that within the time for which they are kept.
  void hide(const std::string& name, const Moment& now);

  /// From now on the counters of a name that no container has are kept for `kept_for`.
  void keep_for(Milliseconds kept_for) noexcept { kept_for_ = kept_for; }

  /// Drops what was retired `kept_for` ago, and the longest retired beyond 10,000 names.
  void drop_expired(SteadyTime now);

  void write(std::vector<std::pair<std::string, model::Lifecycle>>& lifecycles) const;

 private:
  struct Counters {
    model::Lifecycle lifecycle;
    std::optional<SteadyTime> retired_at;
    bool hidden = false;
  };

  Milliseconds kept_for_;
  std::map<std::string, Counters> by_name_;
  model::Lifecycle unwatched_;
};

}  // namespace tidegauge::monitor
