#pragma once

// Makes large allocations fail: while one of these exists, what its thread asks of operator new
// beyond so many bytes throws std::bad_alloc. For test programs that link allocation_limit.cpp,
// which replaces operator new.

#include <cstddef>

namespace tidegauge::test {

class AllocationLimit {
 public:
  explicit AllocationLimit(std::size_t bytes) noexcept;
  AllocationLimit(const AllocationLimit&) = delete;
  AllocationLimit& operator=(const AllocationLimit&) = delete;
  ~AllocationLimit();
};

}  // namespace tidegauge::test
