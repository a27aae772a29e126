#include "tidegauge/metrics/format.h"

namespace tidegauge::metrics {

std::string_view content_type(Format format) noexcept {
  switch (format) {
    case Format::text:
      break;
    case Format::openmetrics:
      return "application/openmetrics-text; version=1.0.0; charset=utf-8";
    case Format::protobuf:
      return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
             "encoding=delimited";
  }
  return "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace tidegauge::metrics
