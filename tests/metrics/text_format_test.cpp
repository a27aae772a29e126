#include "metrics/text_format.h"

#include <string>

#include "support/catch.h"

using namespace tidegauge;
using metrics::Family;
using metrics::MetricType;
using metrics::TextDialect;
using metrics::TextWriter;
using test::contains;

namespace {

constexpr Family family{"one", MetricType::gauge, "A \"gauge\",\na \\."};
constexpr Family times{"times_seconds", MetricType::histogram, "Durations."};

std::string histogram_text(TextDialect dialect) {
  model::DurationHistogram histogram;
  for (const double seconds : {0.00001, 0.0009, 0.3, 20.0}) histogram.observe(seconds);
  TextWriter writer(dialect);
  writer.begin(times);
  writer.histogram({.labels = "a=\"b\",", .more = {}, .since = {}}, histogram);
  writer.end();
  return writer.out();
}

}  // namespace

TEST_CASE("the head of a family comes once, before its first sample") {
  TextWriter writer;
  writer.begin(family);
  CHECK(writer.out().empty());
  writer.sample({}, 1);
  writer.sample({.labels = "a=\"b\",", .more = {{"c", "d"}}, .since = {}}, 2);
  writer.end();
  writer.finish();
  CHECK(writer.out() ==
        "# HELP one A \"gauge\",\\na \\\\.\n# TYPE one gauge\n"
        "one 1\n"
        "one{a=\"b\",c=\"d\"} 2\n");
}

TEST_CASE("a family without samples leaves nothing") {
  TextWriter writer;
  writer.begin(family);
  writer.end();
  CHECK(writer.out().empty());
}

TEST_CASE("a histogram has its cumulative buckets, sum and count") {
  const auto text = histogram_text(TextDialect::prometheus);
  CHECK_THAT(text, contains("times_seconds_bucket{a=\"b\",le=\"2.5e-05\"} 1\n") &&
                       contains("times_seconds_bucket{a=\"b\",le=\"0.0005\"} 1\n") &&
                       contains("times_seconds_bucket{a=\"b\",le=\"0.001\"} 2\n") &&
                       contains("times_seconds_bucket{a=\"b\",le=\"0.25\"} 2\n") &&
                       contains("times_seconds_bucket{a=\"b\",le=\"0.5\"} 3\n") &&
                       contains("times_seconds_bucket{a=\"b\",le=\"10\"} 3\n") &&
                       contains("times_seconds_bucket{a=\"b\",le=\"+Inf\"} 4\n") &&
                       contains("times_seconds_count{a=\"b\"} 4\n"));
}

TEST_CASE("OpenMetrics wants canonical bounds") {
  const auto text = histogram_text(TextDialect::openmetrics);
  CHECK_THAT(text, contains("le=\"2.5e-05\"} 1\n") && contains("le=\"0.0001\"} 1\n") &&
                       contains("le=\"1.0\"} 3\n") && contains("le=\"10.0\"} 3\n") &&
                       contains("le=\"+Inf\"} 4\n"));
}

TEST_CASE("an OpenMetrics page has types, units and escaped help, and ends with # EOF") {
  constexpr Family bytes{"read_bytes_total", MetricType::counter, "Bytes."};
  TextWriter writer(TextDialect::openmetrics);
  for (const auto& one : {family, bytes}) {
    writer.begin(one);
    writer.sample({}, 1);
    writer.end();
  }
  writer.finish();
  CHECK(writer.out() ==
        "# TYPE one gauge\n# HELP one A \\\"gauge\\\",\\na \\\\.\none 1\n"
        "# TYPE read_bytes counter\n# UNIT read_bytes bytes\n# HELP read_bytes Bytes.\n"
        "read_bytes_total 1\n# EOF\n");
}

TEST_CASE("in OpenMetrics a family is found by both of its names") {
  constexpr Family counter{"reads_total", MetricType::counter, "Reads."};
  CHECK(TextWriter(TextDialect::openmetrics, {"reads"}).has(counter));
  CHECK(TextWriter(TextDialect::openmetrics, {"reads_total"}).has(counter));
  CHECK_FALSE(TextWriter(TextDialect::openmetrics, {"writes"}).has(counter));
  CHECK_FALSE(TextWriter(TextDialect::prometheus, {"reads"}).has(counter));
}
