#pragma once

// The size of a page, or of a part of it. A plain value.

#include <cstddef>

namespace tidegauge::metrics {

struct PageSize {
  std::size_t series = 0;
  std::size_t bytes = 0;

  [[nodiscard]] bool fits(const PageSize& max) const noexcept {
    return series <= max.series && bytes <= max.bytes;
  }
  PageSize& operator+=(const PageSize& other) noexcept {
    series += other.series;
    bytes += other.bytes;
    return *this;
  }
  friend PageSize operator+(PageSize one, const PageSize& other) noexcept { return one += other; }
  friend bool operator==(const PageSize&, const PageSize&) = default;
};

}  // namespace tidegauge::metrics
