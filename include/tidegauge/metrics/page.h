#pragma once

// The page that Prometheus scrapes: the rows of `metric_table` over a snapshot, then the pool's,
// the calls', and the daemon's own. Rendering only reads its input; it does no I/O beyond
// /proc/self and the log, and never waits.

#include <algorithm>
#include <string>
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

  [[nodiscard]] bool shows(config::MetricGroup group) const {
    return std::ranges::find(disable, group) == disable.end();
  }
};

/// In the Prometheus text format 0.0.4. Families stand in the order of the table, samples of a
/// family together; the same input gives the same bytes. The containers that `limit` has no room
/// for are left off.
[[nodiscard]] std::string render_page(const PageInput& input, const PageOptions& options,
                                      const Instruments& instruments, SeriesLimit& limit);

inline constexpr const char* page_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// `docs/metrics.md`, printed from the same tables.
[[nodiscard]] std::string print_reference();

}  // namespace tidegauge::metrics
