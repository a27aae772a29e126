#include <initializer_list>
#include <string>
#include <string_view>

#include "metrics/metric_table.h"
#include "tidegauge/metrics/page.h"

namespace tidegauge::metrics {
namespace {

constexpr std::string_view introduction = R"(# Metrics

What `/metrics` shows, in its order. This page is printed from the tables that the program renders
from, and a test compares: change the table (`src/metrics/*_rows.cpp`), then run the tests once with
`TIDEGAUGE_UPDATE=1`.

- Names, labels, units and meanings are cAdvisor's where it has the metric, so that its dashboards
  and alerts work.
- Absent is absent: what the Engine did not say has no series, never a zero. Samples carry no
  timestamps; `container_last_sample_timestamp_seconds` and `tidegauge_snapshot_timestamp_seconds`
  tell their age.
- The label `endpoint` always means an Engine. It is on the series of containers, Engines and cycles
  when there are several Engines, and left out when there is one.
- `metrics.disable: [pressure, pool]` leaves off the groups of these names, as the headings have them.
- Sizes are bytes and times are seconds unless the help says otherwise.
- Of cAdvisor's metrics these are not here: `container_cpu_load_average_10s` and `..._load_d_...`, for
  the kernel keeps no load of a container (cAdvisor shows 0 unless told to ask for it;
  `container_pressure_cpu_waiting_seconds_total` tells what they are wanted for);
  `container_cpu_schedstat_*`, which the kernel forgets with each process that ends, so that they are
  no counters; and those of CPU sets, NUMA, performance events, `resctrl` and referenced memory.
)";

constexpr std::string_view container_text =
    R"(Every series of a container carries `id` (its cgroup, as `/docker/<id>`), `name`, `image`, and
`container_label_<key>` for the Docker labels in the option `container_monitor.labels` that it has
(characters that Prometheus does not allow become `_`), and for those that its own label
`tidegauge.labels` names, at most 16: `tidegauge.labels: team, org.opencontainers.image.version`.

With `metrics.labels: minimal` they carry `name` alone, and the rest is on `container_info`, which
has all of it either way:

```
container_memory_working_set_bytes
  * on (instance, name) group_left (image, container_label_com_docker_compose_service) container_info
```

Where keys become the same name, the first that the container has counts. A value is cut at
`metrics.max_label_length` bytes; `id`, `name` and `image` at 192, or more where the option is more,
with a hash of the whole behind `~`, so that different ones stay different. A byte that is not UTF-8
is shown as `\xff`.

There are at most `metrics.max_series` series of containers, and `metrics.max_page_bytes` of them.
Beyond, containers are left off with all that is theirs: first those that are gone, then the youngest.
One container has at most a tenth (or 1,000 series); what it has beyond is left off, first the
interfaces that Docker has not given it and its devices. `tidegauge_series_dropped` counts both.
)";

constexpr std::string_view connections_text =
    R"(With `container_monitor.connections: true`, of containers with a network of their own, where the
kernel is asked. They are gauges by cAdvisor's names.
)";

constexpr std::string_view tcp_statistics_text =
    R"(With `container_monitor.tcp_statistics: true`, of the same containers: what `nstat` shows in there.
)";

constexpr std::string_view filesystem_text =
    R"(Of the machine, by device, where the kernel is asked. Of containers with
`container_monitor.filesystem_interval`: usage is what the container has written that is not on a
volume, as the Engine finds by walking through it; size and inodes are those of the file system that
the Engine's data are on, which all containers share.
)";

constexpr std::string_view machine_text =
    R"(Where the kernel is asked, the machine is on the page as cAdvisor has it: as the container with
the id `/`, with the CPU, memory, pressure, network and block I/O of everything that runs on it, and
the file systems of its devices, that of the Engine's data among them. Sums over containers leave it
out by `{name!=""}`.
)";

constexpr std::string_view history_text =
    R"(Counted from the Engine's events, from the daemon's start on: no poll can miss them, and nothing
the Engine forgets resets them. They carry `name` alone, so that they go on when a container is
removed and another is created under its name (for `container_monitor.counters_kept_for`); a rename
takes them along, and adds them to what was counted under the new name before.

A removed container is a ghost for `container_monitor.ghost_window`: its state, exit code and
`container_last_seen` stay on the page, so that an alert on the age of the last fires at last.
`count(container_state == 1)` counts ghosts; `tidegauge_engine_containers` does not.
)";

constexpr std::string_view running_text = "Only of containers that run or are paused.\n";

/// `group`: its name in metrics.disable, for those that have one.
void print_heading(std::string& page, std::string_view title, std::string_view text,
                   std::string_view group = {}) {
  page.append("\n## ").append(title);
  if (!group.empty()) page.append(" (group `").append(group).append("`)");
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

}  // namespace

std::string print_reference() {
  std::string page(introduction);
  print_heading(page, "Containers: identity", container_text, "info");
  print_rows(page, info_rows());
  print_heading(page, "Containers: state and age", {});
  print_rows(page, sample_rows());
  print_rows(page, lifecycle_rows());
  print_heading(page, "Containers: what has happened", history_text, "history");
  print_rows(page, history_rows());
  print_heading(page, "Containers: health", running_text, "health");
  print_rows(page, health_rows());
  print_heading(page, "Containers: start and limits", running_text, "spec");
  print_rows(page, limit_rows());
  print_heading(page, "Containers: CPU", "From here on only of containers that were sampled.\n",
                "cpu");
  print_rows(page, cpu_rows());
  print_heading(page, "Containers: memory", {}, "memory");
  print_rows(page, memory_rows());
  print_heading(
      page, "Containers: pressure",
      "Where the kernel measures it and is asked, and a cgroup v2 hierarchy is mounted.\n",
      "pressure");
  print_rows(page, pressure_rows());
  print_heading(page, "Containers: processes", "With `container_monitor.processes: true`.\n");
  print_rows(page, task_rows());
  print_heading(page, "Containers: network", {}, "network");
  print_rows(page, network_rows());
  print_heading(page, "Containers: connections", connections_text);
  print_rows(page, connection_rows());
  print_heading(page, "Containers: TCP", tcp_statistics_text);
  print_rows(page, tcp_statistics_rows());
  print_heading(page, "Containers: huge pages",
                "With `container_monitor.huge_pages: true`, where the kernel is asked.\n");
  print_rows(page, huge_page_rows());
  print_heading(
      page, "Containers: block I/O",
      "`device` is its name, as `/dev/vda`, or `major:minor` where the name is not known.\n",
      "block_io");
  print_rows(page, block_io_rows());
  print_heading(page, "File systems", filesystem_text, "filesystem");
  print_rows(page, filesystem_rows());
  print_heading(page, "The machine", machine_text, "machine");
  print_rows(page, machine_rows());
  print_heading(page, "Engines", {});
  print_rows(page, engine_rows());
  print_heading(page, "Engines: calls", {}, "calls");
  print_rows(page, call_rows());
  print_heading(page, "Connection pools", "Each carries `pool`, the name of its endpoint.\n",
                "pool");
  print_rows(page, pool_rows());
  print_heading(page, "The daemon", {});
  for (const auto& family : {build_info, cycle_duration, cycle_errors}) print_family(page, family);
  print_rows(page, series_rows());
  print_rows(page, log_rows());
  print_rows(page, thread_rows());
  print_heading(page, "The process", "Switched off by `metrics.process: false`.\n");
  print_rows(page, process_rows());
  return page;
}

}  // namespace tidegauge::metrics
