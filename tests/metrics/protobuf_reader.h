#pragma once

// A page in the protobuf format as its reader sees it. Written apart from the code that renders it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/page.h"

namespace tidegauge::test {

struct ProtobufHistogram {
  std::uint64_t count = 0;
  double sum = 0;
  std::vector<std::pair<double, std::uint64_t>> buckets;  ///< bound and cumulative count
  std::int64_t schema = 0;
  double zero_threshold = 0;
  std::uint64_t zero_count = 0;
  std::vector<std::pair<std::int64_t, std::uint64_t>> spans;  ///< offset and length
  std::vector<std::int64_t> deltas;
};

struct ProtobufMetric {
  Labels labels;
  std::optional<double> gauge;
  std::optional<double> counter;
  std::optional<ProtobufHistogram> histogram;
  std::optional<double> created;  ///< seconds since the Unix epoch
};

struct ProtobufFamily {
  std::string name;
  std::string help;
  std::string unit;
  std::uint64_t type = 0;
  std::vector<ProtobufMetric> metrics;
};

/// Throws std::runtime_error if the page is not of the format.
[[nodiscard]] std::vector<ProtobufFamily> read_protobuf(std::string_view page);

}  // namespace tidegauge::test
