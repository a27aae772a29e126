#include "metrics/protobuf_format.h"

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "metrics/protobuf_reader.h"
#include "support/catch.h"

using namespace tidegauge;
using metrics::Family;
using metrics::MetricType;
using metrics::ProtobufWriter;

namespace {

constexpr Family gauge{"one", MetricType::gauge, "A gauge."};
constexpr Family counter{"read_bytes_total", MetricType::counter, "Bytes read."};
constexpr Family times{"times_seconds", MetricType::histogram, "Durations."};
constexpr WallTime since{std::chrono::seconds(1'700'000'000) + std::chrono::nanoseconds(5)};

test::ProtobufHistogram histogram_of(const std::vector<double>& seconds) {
  model::DurationHistogram histogram;
  for (const double one : seconds) histogram.observe(one);
  ProtobufWriter writer;
  writer.begin(times);
  writer.histogram({.labels = {}, .more = {}, .since = since}, histogram);
  writer.end();
  const auto families = test::read_protobuf(writer.out());
  CHECK(families.at(0).type == 4);
  CHECK(families.at(0).metrics.at(0).created == 1'700'000'000.0);
  return *families.at(0).metrics.at(0).histogram;
}

/// The counts of a native histogram, by index.
std::map<std::int64_t, std::int64_t> counts_of(const test::ProtobufHistogram& histogram) {
  std::map<std::int64_t, std::int64_t> counts;
  std::int64_t index = 0;
  std::int64_t count = 0;
  std::size_t used = 0;
  for (const auto& [offset, length] : histogram.spans) {
    index += offset;
    for (std::uint64_t i = 0; i < length; ++i) {
      count += histogram.deltas.at(used++);
      counts[index++] = count;
    }
  }
  CHECK(used == histogram.deltas.size());
  return counts;
}

}  // namespace

TEST_CASE("one sample has the bytes of the schema") {
  constexpr Family family{"a", MetricType::gauge, "b"};  // outlives the writing
  ProtobufWriter writer;
  writer.begin(family);
  writer.sample({.labels = "c=\"d\",", .more = {}, .since = {}}, 1);
  writer.end();
  CHECK(writer.out() == std::string("\x1d"  // the length of the message
                                    "\x0a\x01"
                                    "a"  // name
                                    "\x12\x01"
                                    "b"         // help
                                    "\x18\x01"  // type: GAUGE
                                    "\x22\x13"  // metric
                                    "\x0a\x06\x0a\x01"
                                    "c\x12\x01"
                                    "d"                                  // label
                                    "\x12\x09\x09\0\0\0\0\0\0\xf0\x3f",  // gauge: 1.0
                                    30));
}

TEST_CASE("a counter has its value, its unit and the start of its count") {
  ProtobufWriter writer;
  writer.begin(counter);
  writer.sample(
      {.labels = "a=\"x\\\"\\\\\\n\",", .more = {{"b", "\xFF"}, {"none", ""}}, .since = since},
      std::uint64_t{300});
  writer.sample({}, 1.5);
  writer.end();
  const auto families = test::read_protobuf(writer.out());
  REQUIRE(families.size() == 1);
  CHECK(families[0].name == "read_bytes_total");
  CHECK(families[0].help == "Bytes read.");
  CHECK(families[0].unit == "bytes");
  CHECK(families[0].type == 0);
  REQUIRE(families[0].metrics.size() == 2);
  CHECK(families[0].metrics[0].counter == 300);
  CHECK(families[0].metrics[0].created == 1'700'000'000.000000005);
  CHECK(families[0].metrics[0].labels == test::Labels{{"a", "x\"\\\n"}, {"b", "\\xff"}});
  CHECK(families[0].metrics[1].counter == 1.5);
  CHECK_FALSE(families[0].metrics[1].created);
  CHECK(families[0].metrics[1].labels.empty());
}

TEST_CASE("a gauge has no start, and a family without samples leaves nothing") {
  ProtobufWriter writer;
  writer.begin(gauge);
  writer.end();
  CHECK(writer.out().empty());
  writer.begin(gauge);
  writer.sample({.labels = {}, .more = {}, .since = since}, 1);
  CHECK(writer.out().empty());  // the length of the family is not known yet
  writer.end();
  const auto families = test::read_protobuf(writer.out());
  CHECK(families.at(0).metrics.at(0).gauge == 1);
  CHECK_FALSE(families.at(0).metrics.at(0).created);
  CHECK(families.at(0).unit.empty());
}

TEST_CASE("a label set is the same in each family") {
  ProtobufWriter writer;
  const std::string labels = "a=\"1\",b=\"2\",";
  for (const auto& family : {gauge, counter}) {
    writer.begin(family);
    for (int i = 0; i < 100; ++i) writer.sample({.labels = labels, .more = {}, .since = {}}, i);
    writer.end();
  }
  const auto families = test::read_protobuf(writer.out());
  REQUIRE(families.size() == 2);
  for (const auto& family : families) {
    REQUIRE(family.metrics.size() == 100);
    for (const auto& metric : family.metrics) {
      CHECK(metric.labels == test::Labels{{"a", "1"}, {"b", "2"}});
    }
  }
}

TEST_CASE("a native histogram has the counts of the exponential buckets") {
  // 2^0 has index 0, what is up to 2^(1/8) above it index 1, and 2^-1 index -8.
  const auto histogram = histogram_of({0.00001, 0.5, 1.0, 1.0, 1.05, 1.05, 1.05, 1.15, 8.0});
  CHECK(histogram.count == 9);
  CHECK(histogram.sum == test::Approx(14.80001));
  CHECK(histogram.schema == 3);
  CHECK(histogram.zero_threshold == 1.0 / 65536);
  CHECK(histogram.zero_count == 1);
  CHECK(counts_of(histogram) ==
        std::map<std::int64_t, std::int64_t>{{-8, 1}, {0, 2}, {1, 3}, {2, 1}, {24, 1}});
  CHECK(histogram.spans ==
        std::vector<std::pair<std::int64_t, std::uint64_t>>{{-8, 1}, {7, 3}, {21, 1}});
  CHECK(histogram.deltas == std::vector<std::int64_t>{1, 1, 1, -2, 0});
}

TEST_CASE("a histogram in the protobuf format has the classic buckets as well") {
  const auto histogram = histogram_of({0.0009, 0.3, 20.0});
  REQUIRE(histogram.buckets.size() == model::duration_bounds.size());
  for (const auto& [bound, count] : histogram.buckets) {
    INFO(bound);
    CHECK(count == (bound < 0.0009 ? 0U : bound < 0.3 ? 1U : 2U));
  }
}

TEST_CASE("a histogram without observations is still a native one") {
  const auto histogram = histogram_of({});
  CHECK(histogram.count == 0);
  CHECK(histogram.schema == 3);
  CHECK(histogram.zero_threshold > 0);
  CHECK(histogram.spans.empty());
}
