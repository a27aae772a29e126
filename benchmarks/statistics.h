#pragma once

// Of measured values.

#include <algorithm>
#include <cstddef>
#include <vector>

namespace tidegauge::bench {

/// The value below which `part` of them lie; 0 of none.
inline double percentile(std::vector<double> values, double part) {
  std::ranges::sort(values);
  return values.empty()
             ? 0
             : values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

inline double median(const std::vector<double>& values) {
  return percentile(values, 0.5);
}

inline double worst(const std::vector<double>& values) {
  return percentile(values, 1);
}

}  // namespace tidegauge::bench
