#include "metrics/openmetrics.h"

#include <string_view>

#include "support/catch.h"

using namespace tidegauge;
using metrics::Family;
using metrics::MetricType;

TEST_CASE("a family has its name, type and unit in OpenMetrics") {
  using enum MetricType;
  struct Case {
    Family family;
    std::string_view name;
    std::string_view type;
    std::string_view unit;
  };
  for (const auto& [family, name, type, unit] : {
           Case{{"cpu_seconds_total", counter, ""}, "cpu_seconds", "counter", "seconds"},
           Case{{"reads_total", counter, ""}, "reads", "counter", ""},
           Case{{"failcnt", counter, ""}, "failcnt", "unknown", ""},
           Case{{"read_bytes", counter, ""}, "read_bytes", "unknown", "bytes"},
           Case{{"_total", counter, ""}, "_total", "unknown", ""},
           Case{{"memory_bytes", gauge, ""}, "memory_bytes", "gauge", "bytes"},
           Case{{"bytes", gauge, ""}, "bytes", "gauge", ""},
           Case{{"inodes_total", gauge, ""}, "inodes_total", "gauge", ""},
           Case{{"build_info", gauge, ""}, "build", "info", ""},
           Case{{"use_ratio", gauge, ""}, "use_ratio", "gauge", "ratio"},
           Case{{"wait_seconds", histogram, ""}, "wait_seconds", "histogram", "seconds"},
       }) {
    INFO(family.name);
    const auto head = openmetrics_head(family);
    CHECK(head.name == name);
    CHECK(head.type == type);
    CHECK(head.unit == unit);
    CHECK(unit_of(family) == unit);
  }
}
