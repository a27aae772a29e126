#pragma once

// Ghosts: containers that were removed a short time ago, as they last were, by name. A scrape that
// comes after the removal still finds them.
//
// Not thread-safe: part of Inventory.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tidegauge/model/snapshot.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class Ghosts {
 public:
  /// Keeps each ghost for `window`; zero keeps none.
  explicit Ghosts(Milliseconds window) : window_(window) {}

  [[nodiscard]] bool are_kept() const noexcept { return window_.count() > 0; }
  void add(model::ContainerRecord record, SteadyTime now);
  /// A container of that name is there again.
  void drop(const std::string& name) { by_name_.erase(name); }
  /// Keeps each ghost for `window` from its removal, also those that are there already.
  void keep_for(Milliseconds window);
  /// Drops those of containers that `is_watched` refuses, and calls `dropped` with their names.
  void drop_unwatched(const std::function<bool(const model::Container&)>& is_watched,
                      const std::function<void(const std::string&)>& dropped);
  /// Drops those whose window is over, and the oldest beyond 1,000.
  void drop_expired(SteadyTime now);

  void write(std::vector<model::ContainerRecord>& records) const;

 private:
  struct Ghost {
    model::ContainerRecord record;
    SteadyTime until{};
  };

  Milliseconds window_;
  std::map<std::string, Ghost> by_name_;
};

}  // namespace tidegauge::monitor
