#include "metrics/protobuf_format.h"

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "metrics/openmetrics.h"

namespace tidegauge::metrics {
namespace {

using Histogram = model::DurationHistogram;

// The numbers of fields and types, as the schema has them.
namespace family_field {
constexpr unsigned name = 1, help = 2, type = 3, metric = 4, unit = 5;
}
namespace metric_field {
constexpr unsigned label = 1, gauge = 2, counter = 3, histogram = 7;
}
namespace label_field {
constexpr unsigned name = 1, value = 2;
}
namespace value_field {  // of Counter and Gauge
constexpr unsigned value = 1, created = 3;
}
namespace histogram_field {
constexpr unsigned count = 1, sum = 2, bucket = 3, schema = 5, zero_threshold = 6, zero_count = 7,
                   positive_span = 12, positive_delta = 13, created = 15;
}
namespace bucket_field {
constexpr unsigned cumulative_count = 1, upper_bound = 2;
}
namespace span_field {
constexpr unsigned offset = 1, length = 2;
}
namespace timestamp_field {
constexpr unsigned seconds = 1, nanoseconds = 2;
}

constexpr std::uint64_t type_number(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return 0;
    case MetricType::gauge:
      return 1;
    case MetricType::histogram:
      return 4;
  }
  return 3;  // untyped
}

enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2 };

void append_varint(std::string& out, std::uint64_t value) {
  constexpr std::uint64_t more = 0x80;
  for (; value >= more; value >>= 7) out += static_cast<char>(value | more);
  out += static_cast<char>(value);
}

void append_tag(std::string& out, unsigned field, Wire wire) {
  append_varint(out, (std::uint64_t{field} << 3) | static_cast<std::uint64_t>(wire));
}

void append_unsigned(std::string& out, unsigned field, std::uint64_t value) {
  append_tag(out, field, Wire::varint);
  append_varint(out, value);
}

/// The types sint32 and sint64 of the schema: numbers near zero are short whatever their sign.
void append_signed(std::string& out, unsigned field, std::int64_t value) {
  append_unsigned(
      out, field,
      (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

void append_double(std::string& out, unsigned field, double value) {
  append_tag(out, field, Wire::fixed64);
  auto bits = std::bit_cast<std::uint64_t>(value);
  std::array<char, sizeof bits> bytes{};
  for (auto& byte : bytes) {
    byte = static_cast<char>(bits);
    bits >>= 8;
  }
  out.append(bytes.data(), bytes.size());
}

void append_bytes(std::string& out, unsigned field, std::string_view bytes) {
  append_tag(out, field, Wire::bytes);
  append_varint(out, bytes.size());
  out += bytes;
}

void append_pair(std::string& out, std::string_view name, std::string_view value) {
  const auto size_of = [](std::string_view text) {
    std::string length;
    append_varint(length, text.size());
    return 1 + length.size() + text.size();
  };
  append_tag(out, metric_field::label, Wire::bytes);
  append_varint(out, size_of(name) + size_of(value));
  append_bytes(out, label_field::name, name);
  append_bytes(out, label_field::value, value);
}

void append_time(std::string& out, unsigned field, const std::optional<WallTime>& time) {
  if (!time) return;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*time);
  const std::chrono::nanoseconds rest = *time - seconds;
  std::string message;
  append_unsigned(message, timestamp_field::seconds,
                  static_cast<std::uint64_t>(seconds.time_since_epoch().count()));
  append_unsigned(message, timestamp_field::nanoseconds, static_cast<std::uint64_t>(rest.count()));
  append_bytes(out, field, message);
}

/// The bucket beyond the last bound is left to the reader, who knows the count.
void append_classic_buckets(std::string& out, const Histogram& histogram) {
  const auto counts = histogram.cumulative_counts();
  std::string bucket;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    bucket.clear();
    append_unsigned(bucket, bucket_field::cumulative_count, counts[i]);
    append_double(bucket, bucket_field::upper_bound, model::duration_bounds[i]);
    append_bytes(out, histogram_field::bucket, bucket);
  }
}

/// The buckets that are not empty, as spans of adjacent ones, and the difference of each count to
/// the one before.
void append_native_buckets(std::string& out, const Histogram& histogram) {
  const auto counts = histogram.counts();
  std::string spans;
  std::string deltas;
  std::int64_t before = 0;
  std::int64_t span_end = 0;  // in indices of the format, which may be negative
  for (std::size_t i = 0; i < counts.size();) {
    if (counts[i] == 0) {
      ++i;
      continue;
    }
    const auto begin = i;
    for (; i < counts.size() && counts[i] != 0; ++i) {
      const auto count = static_cast<std::int64_t>(counts[i]);
      append_signed(deltas, histogram_field::positive_delta, count - before);
      before = count;
    }
    const auto index = Histogram::first_index + static_cast<std::int64_t>(begin);
    std::string span;
    append_signed(span, span_field::offset, index - span_end);
    append_unsigned(span, span_field::length, i - begin);
    append_bytes(spans, histogram_field::positive_span, span);
    span_end = Histogram::first_index + static_cast<std::int64_t>(i);
  }
  out += spans;
  out += deltas;
}

}  // namespace

void ProtobufWriter::begin(const Family& family) {
  family_ = &family;
}

void ProtobufWriter::sample(const Series& series, Number value) {
  const bool is_counter = family_->type == MetricType::counter;
  value_message_.clear();
  append_double(value_message_, value_field::value, value.as_double());
  if (is_counter) append_time(value_message_, value_field::created, series.since);
  add_metric(series, is_counter ? metric_field::counter : metric_field::gauge);
}

void ProtobufWriter::histogram(const Series& series, const Histogram& histogram) {
  auto& out = value_message_;
  out.clear();
  append_unsigned(out, histogram_field::count, histogram.count());
  append_double(out, histogram_field::sum, histogram.sum_seconds());
  append_classic_buckets(out, histogram);
  append_signed(out, histogram_field::schema, Histogram::schema);
  append_double(out, histogram_field::zero_threshold, Histogram::zero_threshold);
  append_unsigned(out, histogram_field::zero_count, histogram.zero_count());
  append_native_buckets(out, histogram);
  append_time(out, histogram_field::created, series.since);
  add_metric(series, metric_field::histogram);
}

/// Adds a metric with the value in `value_message_`. The first one writes the head of the family.
void ProtobufWriter::add_metric(const Series& series, unsigned field) {
  if (family_message_.empty()) {
    append_bytes(family_message_, family_field::name, family_->name);
    append_bytes(family_message_, family_field::help, family_->help);
    append_unsigned(family_message_, family_field::type, type_number(family_->type));
  }
  metric_message_.clear();
  if (!series.labels.empty()) metric_message_ += encoded(series.labels);
  for (const auto& label : series.more) {
    std::string buffer;
    const auto value = show_label_value(label.value, buffer).text;
    if (!value.empty()) append_pair(metric_message_, label.name, value);
  }
  append_bytes(metric_message_, field, value_message_);
  append_bytes(family_message_, family_field::metric, metric_message_);
}

/// A large family is moved, not copied, so that there is one of it in memory.
void ProtobufWriter::end() {
  if (family_message_.empty()) return;
  const auto unit = unit_of(*family_);
  if (!unit.empty()) append_bytes(family_message_, family_field::unit, unit);
  append_varint(out_, family_message_.size());
  if (family_message_.size() > out_.size()) {
    family_message_.insert(0, out_);
    out_.swap(family_message_);
  } else {
    out_ += family_message_;
  }
  constexpr std::size_t kept_capacity = std::size_t{128} * 1024;
  family_message_.clear();
  if (family_message_.capacity() > kept_capacity) std::string().swap(family_message_);
}

const std::string& ProtobufWriter::encoded(std::string_view labels) {
  auto& fields = label_sets_[labels.data()];
  if (fields.empty()) {
    for (const auto& label : parse_labels(labels)) append_pair(fields, label.name, label.value);
  }
  return fields;
}

}  // namespace tidegauge::metrics
