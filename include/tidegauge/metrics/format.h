#pragma once

// The formats of a page. Plain values.

#include <cstdint>
#include <string_view>

namespace tidegauge::metrics {

enum class Format : std::uint8_t {
  text,         ///< the Prometheus text format 0.0.4
  openmetrics,  ///< OpenMetrics 1.0
  protobuf      ///< io.prometheus.client.MetricFamily, each message after its length
};

/// The header Content-Type of a page, without `escaping`: a caller that was asked for an escaping
/// scheme appends it. All names on a page are valid in every scheme.
[[nodiscard]] std::string_view content_type(Format format) noexcept;

}  // namespace tidegauge::metrics
