#pragma once

// The limit of what containers have on a page, in series and in bytes. It chooses whole containers:
// each is on the page or left off. One container has at most a share of the page, a tenth, so that
// it does not crowd out the others; whoever counts its series leaves off what is beyond.
//
// The choice is stable: it changes only if containers come, go or grow. Older containers come
// first, so that a new one displaces none; removed containers, of which only counters are left,
// come last. A container keeps the largest size that it ever had reserved, so that a failed sample
// or a restart does not let in another one for a moment. A container that does not fit reserves
// nothing.
//
// Example: max_series is 1,000. Containers a (400 series), b (500) and c (300), oldest first: a and
// b are on the page. The next sample of a fails, so that a has 10 series: c is still left off.
//
// Thread-safe; it logs outside of its lock. `app` makes one, which outlives the pages.

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
  /// A container, or the history of a name whose container is removed.
  struct Candidate {
    std::string key;   ///< unique, and the same on each page
    std::string name;  ///< for the log
    bool gone = false;
    WallTime since{};        ///< when it was created
    PageSize size{};         ///< of its series within its share
    std::size_t beyond = 0;  ///< how many of its series are beyond its share, hence left off
  };

  /// `logger` outlives this.
  SeriesLimit(PageSize max, Logger& logger);

  /// Another limit, from the next page on. Sizes that were reserved are forgotten: other settings
  /// may have changed what containers need.
  void set_max(PageSize max);

  /// How much one container may have.
  [[nodiscard]] PageSize share() const;

  /// True for each candidate that is on the page, of which `taken` is in use already. Logs
  /// candidates that are newly left off, or newly beyond their share.
  std::vector<bool> choose(const std::vector<Candidate>& candidates, PageSize taken = {});

  /// Records how many label values a page cuts; `container` has one of them. Logs it once.
  void report_cut_labels(std::size_t count, std::string_view container);

  /// Series left off the latest page.
  [[nodiscard]] std::uint64_t dropped() const;
  /// Label values cut on the latest page.
  [[nodiscard]] std::uint64_t cut_labels() const;

 private:
  struct State {
    PageSize max;
    std::map<std::string, PageSize> reserved;  ///< the largest size of each, by key
    std::set<std::string> left_off;            ///< keys
    std::set<std::string> beyond_share;        ///< keys
    std::uint64_t dropped = 0;
    std::uint64_t cut_labels = 0;
    bool has_reported_cut = false;
  };
  using Indices = std::vector<std::size_t>;

  static Indices fill(State& state, const std::vector<Candidate>& candidates, PageSize taken);
  static void forget_removed(State& state, const std::vector<Candidate>& candidates);
  void log_left_off(PageSize max, const std::vector<Candidate>& candidates,
                    const Indices& left_off);
  void log_beyond_share(PageSize max, const std::vector<Candidate>& candidates,
                        const Indices& beyond);

  Logger& logger_;
  Guarded<State> state_;
};

}  // namespace tidegauge::metrics
