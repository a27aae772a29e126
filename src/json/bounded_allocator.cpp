#include "json/bounded_allocator.h"

#include <cstdlib>
#include <new>

namespace tidegauge::json {

void* BoundedAllocator::Malloc(std::size_t size) {
  if (size == 0) return nullptr;
  take(size);
  void* const block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* BoundedAllocator::Realloc(void* block, std::size_t old_size, std::size_t new_size) {
  if (new_size == 0) {
    Free(block);
    return nullptr;
  }
  if (new_size > old_size) take(new_size - old_size);
  void* const moved = std::realloc(block, new_size);
  if (moved == nullptr) throw std::bad_alloc();
  return moved;
}

void BoundedAllocator::Free(void* block) noexcept {
  std::free(block);
}

void BoundedAllocator::take(std::size_t size) {
  if (size > left_) throw std::bad_alloc();
  left_ -= size;
}

}  // namespace tidegauge::json
