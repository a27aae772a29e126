#pragma once

// The hard limit of what containers have on a page, in series and in bytes. It chooses containers,
// not series: each is on the page or not. A single one has at most a tenth of the page, its share,
// so that none hides the others; what it has beyond that is left off by whoever counts it.
//
// The choice is the same at every scrape unless containers come, go or grow. The oldest come first,
// so that a new one takes the place of none; those that are gone, of which only counters are left,
// come after all that are there. Each keeps the room of the most that it ever had, so that a failed
// sample or a restart does not let another in for a moment. One that does not fit is left off, and
// takes no room.
//
// Thread-safe; logs outside its lock. Made in `app`, outlives the pages.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/metrics/page_size.h"
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
    WallTime since{};        ///< its age
    PageSize size{};         ///< within its share
    std::size_t beyond = 0;  ///< its series that are left off, as they are beyond its share
  };

  /// `logger` must outlive this.
  SeriesLimit(PageSize most, Logger& logger);

  /// The most of a single container.
  [[nodiscard]] const PageSize& share() const noexcept { return share_; }

  /// For each candidate whether it is on the page, of which `taken` is used already. Logs when
  /// others are left off, or have more than their share, than before.
  std::vector<bool> choose(const std::vector<Candidate>& candidates, PageSize taken = {});

  /// Takes note of the label values that are cut on a page, one of `container`; logs the first.
  void report_cut_labels(std::size_t count, std::string_view container);

  /// Series left off the latest page.
  [[nodiscard]] std::uint64_t dropped() const;
  /// Label values cut on the latest page.
  [[nodiscard]] std::uint64_t cut_labels() const;

 private:
  struct State {
    std::map<std::string, PageSize> room;  ///< the most that each had, by key
    std::set<std::string> left_off;        ///< keys
    std::set<std::string> beyond_share;    ///< keys
    std::uint64_t dropped = 0;
    std::uint64_t cut_labels = 0;
    bool has_reported_cut = false;
  };
  using Indices = std::vector<std::size_t>;

  Indices fill(State& state, const std::vector<Candidate>& candidates, PageSize taken) const;
  static void forget_the_gone(State& state, const std::vector<Candidate>& candidates);
  void log_left_off(const std::vector<Candidate>& candidates, const Indices& left_off);
  void log_beyond_share(const std::vector<Candidate>& candidates, const Indices& beyond);

  const PageSize most_;
  const PageSize share_;
  Logger& logger_;
  Guarded<State> state_;
};

}  // namespace tidegauge::metrics
