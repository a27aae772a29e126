#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "metrics/instrument_families.h"
#include "metrics/metric_groups.h"
#include "tidegauge/metrics/page.h"

namespace tidegauge::metrics {
namespace {

constexpr std::string_view introduction = R"(# Metrics

The metrics on `/metrics`, in the order of the page. The program prints this document from the tables
that it also renders the page from, and a test compares both. To change it, change the tables
(`src/metrics/*_rows.cpp`, `src/metrics/metric_groups.h`) and run the tests once with
`TIDEGAUGE_UPDATE=1`.

- A metric that cAdvisor has, too, has cAdvisor's name, labels, unit and meaning, so that cAdvisor's
  dashboards and alerts work.
- A value that is not known has no series; it is never shown as zero. Samples have no timestamps:
  `container_last_sample_timestamp_seconds` and `tidegauge_snapshot_timestamp_seconds` show their age.
- The label `endpoint` is the configured name of an Engine. The series of pools always have it. The
  series of containers, Engines and cycles have it only if there are several Engines.
- `metrics.disable: [pressure, pool]` leaves off the groups with these names; the headings below have
  the names. The data of an *optional* group is expensive to collect. It needs the kernel's files, and
  it is collected only if the group is enabled: `metrics.enable: [processes, huge_pages]`.
- The same page comes in three formats: the Prometheus text format 0.0.4, OpenMetrics 1.0 and
  Prometheus' protobuf format. All have the same series and values. OpenMetrics names a counter
  `x_total` the family `x` and a metric `x_info` the info `x`, and a counter without `_total` is of
  type `unknown` there: OpenMetrics has no such counters. The protobuf format alone tells when a
  count has started (`created_timestamp`): the resource counters of a container with its run, those
  of the machine with its boot, `container_restarts_total` and its group when this daemon began to
  count them, and all others with this daemon. The protobuf format alone has native histograms
  (schema 3) beside the classic buckets.
- Sizes are bytes and times are seconds unless the text says otherwise.
- These metrics of cAdvisor are missing: `container_cpu_load_average_10s` and
  `container_cpu_load_d_average_10s`, because the kernel has no load average of a container (cAdvisor
  shows 0 by default; use `container_pressure_cpu_waiting_seconds_total`);
  `container_cpu_schedstat_*`, because the kernel forgets them with each process that ends, so that
  they are no counters; and the metrics of CPU sets, NUMA, performance events, `resctrl` and referenced
  memory.
)";

void print_heading(std::string& page, std::string_view title,
                   std::optional<config::MetricGroup> group, std::string_view text) {
  page.append("\n## ").append(title);
  if (group) {
    const auto& row = config::name_of(*group);
    page.append(row.optional == nullptr ? " (group `" : " (optional group `");
    page.append(row.name).append("`)");
  }
  page.append("\n\n");
  if (!text.empty()) page.append(text).append("\n");
  page += "| name | type | labels | meaning |\n| --- | --- | --- | --- |\n";
}

void print_family(std::string& page, const Family& family) {
  page.append("| `").append(family.name).append("` | ").append(to_string(family.type));
  page.append(" | ").append(family.labels).append(" | ").append(family.help).append(" |\n");
}

template <class Source>
void print_rows(std::string& page, std::span<const Row<Source>> rows) {
  for (const auto& row : rows) print_family(page, row.family);
}

template <class... Groups>
void print_groups(std::string& page, const std::tuple<Groups...>& groups) {
  const auto print_group = [&](const auto& group) {
    if (!group.heading.empty()) print_heading(page, group.heading, group.name, group.text);
    print_rows(page, group.rows());
  };
  std::apply([&](const auto&... group) { (print_group(group), ...); }, groups);
}

}  // namespace

std::string print_reference() {
  std::string page(introduction);
  print_groups(page, container_groups);
  print_groups(page, engine_groups);
  print_heading(page, "The daemon", {}, {});
  for (const auto& family : instrument::all) print_family(page, family);
  print_rows(page, latency_rows());
  print_rows(page, request_duration_rows());
  print_rows(page, series_rows());
  print_rows(page, log_rows());
  print_rows(page, thread_rows());
  print_heading(page, "The process", {}, "Left off by `metrics.process: false`.\n");
  print_rows(page, process_rows());
  return page;
}

}  // namespace tidegauge::metrics
