#pragma once

// The page that Prometheus scrapes: the rows of `metric_table` over a snapshot, then the pool's,
// the calls', and the daemon's own. Rendering only reads its input; it does no I/O beyond
// /proc/self and the log, and never waits.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/model/call_stats.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/model/snapshot.h"

namespace tidegauge::metrics {

class Instruments;
class SeriesLimit;

struct PageInput {
  model::Snapshot engines;
  std::vector<model::PoolStats> pools;
  std::vector<model::ClientStats> clients;
};

struct PageOptions {
  std::vector<std::string> container_labels;  ///< Docker labels exported as container_label_*
  config::SeriesLabels labels = config::SeriesLabels::cadvisor;
  std::vector<config::MetricGroup> disable;
  std::size_t max_label_length = 128;  ///< in bytes, of a container_label_*

  [[nodiscard]] bool shows(config::MetricGroup group) const {
    return std::ranges::find(disable, group) == disable.end();
  }
};

/// One page in the Prometheus text format 0.0.4, rendered a piece at a time: with thousands of
/// containers it has tens of megabytes, and is never in memory as a whole. Families stand in the
/// order of the table, samples of a family together; the same input gives the same bytes. Belongs
/// to one thread at a time.
class Page {
 public:
  /// Settles what is on it: containers that `limit` has no room for are left off. `instruments` and
  /// `limit` outlive it.
  Page(PageInput input, const PageOptions& options, const Instruments& instruments,
       SeriesLimit& limit);
  ~Page();
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  /// Whole lines, some tens of kilobytes; empty once there are no more. Good until the next call.
  [[nodiscard]] std::string_view next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr const char* page_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// `docs/metrics.md`, printed from the same tables.
[[nodiscard]] std::string print_reference();

}  // namespace tidegauge::metrics
