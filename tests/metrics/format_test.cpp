#include "tidegauge/metrics/format.h"

#include "support/catch.h"

using namespace tidegauge;
using metrics::content_type;
using metrics::Format;

TEST_CASE("each format has the content type that Prometheus knows") {
  CHECK(content_type(Format::text) == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(content_type(Format::openmetrics) ==
        "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK(content_type(Format::protobuf) ==
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
        "encoding=delimited");
}
