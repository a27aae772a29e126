#pragma once

// The names of the metric groups, as metrics.enable, metrics.disable and docs/metrics.md have them.
// A group is optional if its data is expensive to collect: then it is collected and shown only if
// metrics.enable names it. A new group is one row here, and one row with its metrics in
// src/metrics/metric_groups.h. Plain values.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace tidegauge::config {

enum class MetricGroup : std::uint8_t {
  info,
  history,
  health,
  spec,
  cpu,
  memory,
  pressure,
  network,
  block_io,
  filesystem,
  machine,
  calls,
  pool,
  per_cpu,
  processes,
  connections,
  tcp_statistics,
  huge_pages
};

/// Which of the optional groups are collected.
struct OptionalGroups {
  bool per_cpu = false;         ///< CPU time of each CPU; only cgroup v1 has it
  bool processes = false;       ///< reads several files of each process
  bool connections = false;     ///< reads the kernel's lists of sockets
  bool tcp_statistics = false;  ///< more than a hundred numbers of each network namespace
  bool huge_pages = false;      ///< searches the cgroup's directory for its files

  friend bool operator==(const OptionalGroups&, const OptionalGroups&) = default;
};

struct MetricGroupName {
  MetricGroup group;
  std::string_view name;
  bool OptionalGroups::* optional = nullptr;  ///< null: the group is always collected
};

inline constexpr std::array metric_group_names{
    MetricGroupName{MetricGroup::info, "info"},
    MetricGroupName{MetricGroup::history, "history"},
    MetricGroupName{MetricGroup::health, "health"},
    MetricGroupName{MetricGroup::spec, "spec"},
    MetricGroupName{MetricGroup::cpu, "cpu"},
    MetricGroupName{MetricGroup::memory, "memory"},
    MetricGroupName{MetricGroup::pressure, "pressure"},
    MetricGroupName{MetricGroup::network, "network"},
    MetricGroupName{MetricGroup::block_io, "block_io"},
    MetricGroupName{MetricGroup::filesystem, "filesystem"},
    MetricGroupName{MetricGroup::machine, "machine"},
    MetricGroupName{MetricGroup::calls, "calls"},
    MetricGroupName{MetricGroup::pool, "pool"},
    MetricGroupName{MetricGroup::per_cpu, "per_cpu", &OptionalGroups::per_cpu},
    MetricGroupName{MetricGroup::processes, "processes", &OptionalGroups::processes},
    MetricGroupName{MetricGroup::connections, "connections", &OptionalGroups::connections},
    MetricGroupName{MetricGroup::tcp_statistics, "tcp_statistics", &OptionalGroups::tcp_statistics},
    MetricGroupName{MetricGroup::huge_pages, "huge_pages", &OptionalGroups::huge_pages},
};

/// Whether `groups`, such as metrics.disable, names `group`.
[[nodiscard]] constexpr bool contains(std::span<const MetricGroup> groups, MetricGroup group) {
  return std::ranges::find(groups, group) != groups.end();
}

/// The row of a group in `metric_group_names`.
[[nodiscard]] constexpr const MetricGroupName& name_of(MetricGroup group) {
  return *std::ranges::find(metric_group_names, group, &MetricGroupName::group);
}

}  // namespace tidegauge::config
