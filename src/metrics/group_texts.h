#pragma once

// The texts below the headings of docs/metrics.md, for the table of groups (`metric_groups.h`).

#include <string_view>

namespace tidegauge::metrics {

inline constexpr std::string_view identity_text =
    R"(Every series of a container has the labels `id` (its cgroup, such as `/docker/<id>`), `name` and
`image`, and one label `container_label_<key>` for each Docker label that the container has and that
one of these names:

- the option `container_monitor.labels`;
- the container's own label `tidegauge.labels`, which names at most 16 keys:
  `tidegauge.labels: team, org.opencontainers.image.version`.

Characters that Prometheus does not allow in a label name become `_`. If two keys become the same
name, the first key that the container has counts.

With `metrics.labels: minimal` a series has `name` alone. `container_info` has all labels either way,
and joins them:

```
container_memory_working_set_bytes
  * on (instance, name) group_left (image, container_label_com_docker_compose_service) container_info
```

A value longer than `metrics.max_label_length` bytes is cut. `id`, `name` and `image` are cut at 192
bytes, or at the option's value if it is larger; a hash of the whole value follows a `~`, so that
different values stay different. A byte that is not valid UTF-8 is shown as `\xff`.

All containers together have at most `metrics.max_series` series and `metrics.max_page_bytes` bytes.
If they have more, whole containers are left off: first removed containers, then the youngest. One
container has at most a tenth of the limit, or 1,000 series if that is more. If it has more, network
interfaces that Docker did not create, block devices and file systems are left off first.
`tidegauge_series_dropped` counts the series that are left off in both ways.
)";

inline constexpr std::string_view history_text =
    R"(These metrics count the Engine's events from the start of the daemon. Polling would miss some of
the changes, and they survive what the Engine forgets. They have the label `name` alone, so that they
go on when a container is removed and another one is created under its name within
`container_monitor.counters_kept_for`. If a container is renamed, its counts are added to those of
the new name.

A removed container stays on the page for `container_monitor.ghost_window` as a ghost: with its
state, its exit code and `container_last_seen`, so that an alert on the age of `container_last_seen`
fires. `count(container_state == 1)` counts ghosts; `tidegauge_engine_containers` does not.
)";

inline constexpr std::string_view running_text =
    "Only containers that run or are paused have these metrics.\n";

inline constexpr std::string_view cpu_text =
    R"(Only containers that were sampled have the metrics of this group and of the following groups. With
`metrics.enable: [per_cpu]`, CPU usage is shown for each CPU in place of `cpu="total"`, if the
kernel has cgroup v1.
)";

inline constexpr std::string_view pressure_text =
    R"(These metrics need the kernel's files, a cgroup v2 hierarchy, and a kernel that measures pressure.
)";

inline constexpr std::string_view connections_text =
    R"(Only containers with a network of their own have these metrics. They are gauges although their names
end in `_total`, because cAdvisor names them so.
)";

inline constexpr std::string_view tcp_statistics_text =
    R"(Only containers with a network of their own have these metrics. They are the numbers that `nstat`
shows inside the container.
)";

inline constexpr std::string_view block_io_text =
    "`device` is the device's name, such as `/dev/vda`, or `major:minor` if the name is not "
    "known.\n";

inline constexpr std::string_view filesystem_text =
    R"(The machine has these metrics for each of its devices, if the kernel's files are visible. A container
has them if `container_monitor.filesystem_interval` is set. Its usage is what the container has
written outside of volumes: the Engine walks through the files to find out. Its size and inodes are
those of the file system with the Engine's data, which all containers share.
)";

inline constexpr std::string_view machine_text =
    R"(If the kernel's files are visible, the machine is on the page as in cAdvisor: as the container with
the id `/`. It has the CPU, memory, pressure, network and block I/O of everything that runs on the
machine, and its file systems. Exclude it from sums over containers with `{name!=""}`.
)";

inline constexpr std::string_view pool_text =
    "Every series of a pool has the label `endpoint`, also if there is only one Engine.\n";

}  // namespace tidegauge::metrics
