#pragma once

// What several devices or interfaces have counted together. A pure function.

#include <cstdint>
#include <optional>

namespace tidegauge::status {

/// The sum over all elements that have the count; nothing where none has.
template <class Range, class Count>
[[nodiscard]] std::optional<std::uint64_t> sum_of(const Range& range, Count count) {
  std::optional<std::uint64_t> sum;
  for (const auto& element : range) {
    if (const auto& value = element.*count) sum = sum.value_or(0) + *value;
  }
  return sum;
}

}  // namespace tidegauge::status
