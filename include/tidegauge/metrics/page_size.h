#pragma once

// How much a page, or a part of one, has. A plain value.

#include <cstddef>

namespace tidegauge::metrics {

struct PageSize {
  std::size_t series = 0;
  std::size_t bytes = 0;

  [[nodiscard]] bool fits(const PageSize& most) const noexcept {
    return series <= most.series && bytes <= most.bytes;
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
