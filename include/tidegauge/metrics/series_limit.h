#pragma once

// The hard limit of the series of containers on a page. It chooses containers, not series: each is
// on the page whole or not at all.
//
// The choice is the same at every scrape unless containers come, go or grow. The oldest come first,
// so that a new one takes the place of none; those that are gone, of which only counters are left,
// come after all that are there. Each keeps the room of the most series that it ever had, so that
// a failed sample or a restart does not let another in for a moment. From the first that does not
// fit on, the rest is left off.
//
// Thread-safe; logs outside its lock. Made in `app`, outlives the pages.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tidegauge/util/guarded.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/time.h"

namespace tidegauge::metrics {

class SeriesLimit {
 public:
  /// What is chosen or left off: a container, or a name whose container is gone.
  struct Candidate {
    std::string key;   ///< tells it from all others, and stays the same
    std::string name;  ///< for the log
    bool gone = false;
    WallTime since{};  ///< its age
    std::size_t series = 0;
  };

  /// `logger` must outlive this.
  SeriesLimit(std::size_t most, Logger& logger) : most_(most), logger_(logger) {}

  /// For each candidate whether it is on the page. Counts the series of the others, and logs when
  /// others are left off than before.
  std::vector<bool> choose(const std::vector<Candidate>& candidates);

  /// Series left off, over all pages.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct State {
    std::map<std::string, std::size_t> room;  ///< the most series, by key
    std::set<std::string> left_off;           ///< keys
    std::uint64_t dropped = 0;
  };

  void log(const std::vector<Candidate>& candidates, const std::vector<std::size_t>& left_off);

  const std::size_t most_;
  Logger& logger_;
  Guarded<State> state_;
};

}  // namespace tidegauge::metrics
