#include "metrics/protobuf_reader.h"

#include <cstddef>
#include <cstring>
#include <stdexcept>

namespace tidegauge::test {
namespace {

struct Field {
  std::uint64_t number = 0;
  std::uint64_t integer = 0;
  double real = 0;
  std::string_view bytes;
};

std::string_view take(std::string_view& in, std::size_t size) {
  if (size > in.size()) throw std::runtime_error("the message is too short");
  const auto taken = in.substr(0, size);
  in.remove_prefix(size);
  return taken;
}

std::uint64_t take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(in, 1).front());
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  throw std::runtime_error("a number that does not end");
}

std::vector<Field> fields_of(std::string_view message) {
  std::vector<Field> fields;
  while (!message.empty()) {
    const auto tag = take_varint(message);
    auto& field = fields.emplace_back();
    field.number = tag >> 3;
    switch (tag & 7) {
      case 0:
        field.integer = take_varint(message);
        break;
      case 1:
        std::memcpy(&field.real, take(message, sizeof field.real).data(), sizeof field.real);
        break;
      case 2:
        field.bytes = take(message, take_varint(message));
        break;
      default:
        throw std::runtime_error("an unknown wire type");
    }
  }
  return fields;
}

std::int64_t zigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

double time_of(std::string_view message) {
  double time = 0;
  for (const auto& field : fields_of(message)) {
    if (field.number == 1) time += static_cast<double>(field.integer);
    if (field.number == 2) time += static_cast<double>(field.integer) / 1e9;
  }
  return time;
}

/// The fields with the numbers 1 and 2.
std::pair<Field, Field> pair_of(std::string_view message) {
  std::pair<Field, Field> pair;
  for (const auto& field : fields_of(message)) {
    (field.number == 1 ? pair.first : pair.second) = field;
  }
  return pair;
}

void read_histogram(std::string_view message, ProtobufMetric& metric) {
  auto& histogram = metric.histogram.emplace();
  for (const auto& field : fields_of(message)) {
    const auto pair = [&] { return pair_of(field.bytes); };
    switch (field.number) {
      case 1:
        histogram.count = field.integer;
        break;
      case 2:
        histogram.sum = field.real;
        break;
      case 3:
        histogram.buckets.emplace_back(pair().second.real, pair().first.integer);
        break;
      case 5:
        histogram.schema = zigzag(field.integer);
        break;
      case 6:
        histogram.zero_threshold = field.real;
        break;
      case 7:
        histogram.zero_count = field.integer;
        break;
      case 12:
        histogram.spans.emplace_back(zigzag(pair().first.integer), pair().second.integer);
        break;
      case 13:
        histogram.deltas.push_back(zigzag(field.integer));
        break;
      case 15:
        metric.created = time_of(field.bytes);
        break;
      default:
        throw std::runtime_error("an unknown field of a histogram");
    }
  }
}

ProtobufMetric read_metric(std::string_view message) {
  ProtobufMetric metric;
  for (const auto& field : fields_of(message)) {
    if (field.number == 1) {
      const auto [name, value] = pair_of(field.bytes);
      if (!metric.labels.emplace(name.bytes, value.bytes).second) {
        throw std::runtime_error("a label twice");
      }
    } else if (field.number == 2) {
      metric.gauge = fields_of(field.bytes).at(0).real;
    } else if (field.number == 3) {
      for (const auto& part : fields_of(field.bytes)) {
        if (part.number == 1) metric.counter = part.real;
        if (part.number == 3) metric.created = time_of(part.bytes);
      }
    } else if (field.number == 7) {
      read_histogram(field.bytes, metric);
    } else {
      throw std::runtime_error("an unknown field of a metric");
    }
  }
  return metric;
}

ProtobufFamily read_family(std::string_view message) {
  ProtobufFamily family;
  for (const auto& field : fields_of(message)) {
    if (field.number == 1) family.name = field.bytes;
    if (field.number == 2) family.help = field.bytes;
    if (field.number == 3) family.type = field.integer;
    if (field.number == 4) family.metrics.push_back(read_metric(field.bytes));
    if (field.number == 5) family.unit = field.bytes;
  }
  return family;
}

}  // namespace

std::vector<ProtobufFamily> read_protobuf(std::string_view page) {
  std::vector<ProtobufFamily> families;
  while (!page.empty()) families.push_back(read_family(take(page, take_varint(page))));
  return families;
}

}  // namespace tidegauge::test
