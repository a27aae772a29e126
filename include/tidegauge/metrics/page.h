#pragma once

// The page that Prometheus scrapes: the metrics of containers, Engines, calls and pools, and then
// the daemon's own. Rendering reads its input, /proc/self and nothing else, logs, and never waits.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/metrics/format.h"
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
    return !config::contains(disable, group);
  }
};

/// What a client asks for.
struct PageRequest {
  Format format = Format::text;
  /// The families that the page has, by their names in the text format; in OpenMetrics also by
  /// their names there. Empty: all. Unknown names are ignored.
  std::vector<std::string> names;
  /// For gzip: changes the order of the containers from family to family so that deflate finds more
  /// of their labels in its window of 32 KB. Without effect in the protobuf format.
  bool for_small_window = false;
};

/// One page. It is rendered piece by piece and is never in memory as a whole, because with
/// thousands of containers it has tens of megabytes. The families have the order of the table, and
/// equal input gives equal bytes. All formats have the same families, series and values. Used by
/// one thread at a time.
class Page {
 public:
  /// Determines what is on the page: containers that do not fit within `limit` are left off.
  /// `instruments` and `limit` outlive the page.
  Page(PageInput input, const PageOptions& options, const Instruments& instruments,
       SeriesLimit& limit, PageRequest request = {});
  ~Page();
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  /// The next part, some tens of kilobytes; empty at the end. Valid until the next call. In text
  /// formats a part has whole lines. In the protobuf format a part may end within a message.
  [[nodiscard]] std::string_view next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The text of docs/metrics.md, from the same tables.
[[nodiscard]] std::string print_reference();

}  // namespace tidegauge::metrics
