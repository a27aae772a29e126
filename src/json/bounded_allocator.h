#pragma once

// Memory for one RapidJSON tree, with a limit. Used by reader.cpp. Not thread-safe.

#include <cstddef>

namespace tidegauge::json {

// NOLINTBEGIN(readability-identifier-naming): the names are RapidJSON's.

/// RapidJSON's allocator concept. Malloc and Realloc throw std::bad_alloc beyond the limit and
/// where the process has no memory. The limit is on the sum of all allocations: Free returns
/// nothing to it.
class BoundedAllocator {
 public:
  static constexpr bool kNeedFree = true;

  /// RapidJSON requires a default constructor and calls it only where no allocator is handed in.
  explicit BoundedAllocator(std::size_t max_bytes = 0) : left_(max_bytes) {}

  void* Malloc(std::size_t size);
  void* Realloc(void* block, std::size_t old_size, std::size_t new_size);
  static void Free(void* block) noexcept;

 private:
  void take(std::size_t size);

  std::size_t left_;
};

// NOLINTEND(readability-identifier-naming)

}  // namespace tidegauge::json
