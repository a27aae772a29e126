#pragma once

// What OpenMetrics 1.0 says of a family that the Prometheus text format does not: its type, its
// unit, and its name without the suffix of its samples. Stateless, hence thread-safe.

#include <string_view>

#include "metrics/family.h"

namespace tidegauge::metrics {

struct OpenMetricsHead {
  std::string_view name;
  std::string_view type;
  std::string_view unit;  ///< empty if the name has none
};

/// The samples have the same names as in the Prometheus text format.
///
/// - A counter `x_total` is the family `x`. OpenMetrics has no other counters, so a counter without
///   that suffix is `unknown`.
/// - A gauge `x_info` is the family `x` of type `info`: such a gauge is always 1.
/// - A state set needs a label with the name of the family. No family has one: cAdvisor's and
///   Docker's words are `state` and `status`, and the label is the same in all formats. So state
///   sets (container_state, container_health_status) stay gauges.
[[nodiscard]] OpenMetricsHead openmetrics_head(const Family& family);

/// The unit of a family of any format: the last word of the name, if that is a unit.
[[nodiscard]] std::string_view unit_of(const Family& family);

}  // namespace tidegauge::metrics
