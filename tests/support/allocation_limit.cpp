#include "support/allocation_limit.h"

#include <cstdlib>
#include <limits>
#include <new>

namespace {

thread_local std::size_t largest = std::numeric_limits<std::size_t>::max();

}  // namespace

namespace tidegauge::test {

AllocationLimit::AllocationLimit(std::size_t bytes) noexcept {
  largest = bytes;
}

AllocationLimit::~AllocationLimit() {
  largest = std::numeric_limits<std::size_t>::max();
}

}  // namespace tidegauge::test

void* operator new(std::size_t size) {
  auto* const memory = size <= largest ? std::malloc(size == 0 ? 1 : size) : nullptr;
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// Freed by the delete below: a sanitizer must see both as of one kind.
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  return size <= largest ? std::malloc(size == 0 ? 1 : size) : nullptr;
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}
