#include "tidegauge/config/config.h"

namespace tidegauge::config {

OptionalGroups collected_groups(const MetricsConfig& metrics) {
  const auto is_disabled = [&](MetricGroup group) {
    return std::ranges::find(metrics.disable, group) != metrics.disable.end();
  };
  OptionalGroups groups;
  for (const auto group : metrics.enable) {
    if (const auto optional = name_of(group).optional) groups.*optional = !is_disabled(group);
  }
  // The time of each CPU is shown by the metrics of group cpu.
  if (is_disabled(MetricGroup::cpu)) groups.per_cpu = false;
  return groups;
}

}  // namespace tidegauge::config
