#include "tidegauge/config/config.h"

namespace tidegauge::config {

OptionalGroups collected_groups(const MetricsConfig& metrics) {
  OptionalGroups groups;
  for (const auto group : metrics.enable) {
    if (const auto optional = name_of(group).optional)
      groups.*optional = !contains(metrics.disable, group);
  }
  // The time of each CPU is shown by the metrics of group cpu.
  if (contains(metrics.disable, MetricGroup::cpu)) groups.per_cpu = false;
  return groups;
}

}  // namespace tidegauge::config
