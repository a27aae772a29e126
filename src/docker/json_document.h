#pragma once

// A JSON text as a tree in bounded memory, and typed reads of its values. For the parsers of this
// layer alone; with them the only place that knows RapidJSON. Not thread-safe.
//
// A text of 60 MB can make a tree of 1 GB ("[0,0,0,..."), and RapidJSON does not check what its
// allocator returns. So the allocator has a limit and throws std::bad_alloc beyond it, or where
// there is no memory; `Tree` catches that and answers Errc::bad_reply. Nesting costs heap of the
// same limit, not stack.

#include <rapidjson/document.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "tidegauge/model/error.h"

namespace tidegauge::docker::json {

// NOLINTBEGIN(readability-identifier-naming): the names are RapidJSON's.

/// RapidJSON's concept of an allocator. Memory that is freed is not given back to the limit: the
/// limit is on all that one tree allocates.
class BoundedAllocator {
 public:
  static constexpr bool kNeedFree = true;

  /// A real inspect of 1 MB takes 2 MB.
  static constexpr std::size_t standard = std::size_t{16} << 20U;

  explicit BoundedAllocator(std::size_t most_bytes = standard) : left_(most_bytes) {}

  void* Malloc(std::size_t size);
  void* Realloc(void* block, std::size_t old_size, std::size_t new_size);
  static void Free(void* block) noexcept;

 private:
  void take(std::size_t size);

  std::size_t left_;
};

// NOLINTEND(readability-identifier-naming)

using Pool = rapidjson::MemoryPoolAllocator<BoundedAllocator>;
using Document = rapidjson::GenericDocument<rapidjson::UTF8<>, Pool, BoundedAllocator>;
using Value = Document::ValueType;

/// One text, parsed. Its values are good as long as it is.
class Tree {
 public:
  explicit Tree(std::size_t most_bytes = BoundedAllocator::standard) : memory_(most_bytes) {}
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  /// Once. `expected`: the type of the whole.
  [[nodiscard]] Result<void> parse(std::string_view text, rapidjson::Type expected);
  [[nodiscard]] const Value& root() const noexcept { return document_; }

 private:
  BoundedAllocator memory_;
  Pool pool_{std::size_t{16} * 1024, &memory_};
  Document document_{&pool_, 1024, &memory_};

  friend Result<void> for_each_element(std::string_view text,
                                       const std::function<Result<void>(const Value&)>& use);
};

/// Calls `use` with each element of an array in turn, of which only one is in memory as a tree, of
/// at most 128 MiB: an element that is too large fails the whole array. Ends with the first failure
/// of `use`.
[[nodiscard]] Result<void> for_each_element(std::string_view text,
                                            const std::function<Result<void>(const Value&)>& use);

// --- reading values: a key that is absent, null or of another type was not said ----------------

/// Of a key that is there twice the last one counts, as in Go.
[[nodiscard]] const Value* member(const Value& object, const char* key);
/// Its object under `key`; an empty one where there is none, so that look-ups can be chained.
[[nodiscard]] const Value& object(const Value& parent, const char* key);
[[nodiscard]] std::string_view view(const Value& value);
[[nodiscard]] std::string text(const Value& parent, const char* key);
[[nodiscard]] std::optional<std::int64_t> integer(const Value& parent, const char* key);
/// A count or a size. A negative one, as of an unlimited limit, is none.
[[nodiscard]] std::optional<std::uint64_t> count(const Value& parent, const char* key);
[[nodiscard]] std::optional<std::uint64_t> positive(const Value& parent, const char* key);
/// A count that is `standard` where nothing is said, but not where it is said badly.
[[nodiscard]] std::optional<std::uint64_t> count_or(const Value& parent, const char* key,
                                                    std::uint64_t standard);
[[nodiscard]] bool flag(const Value& parent, const char* key);
[[nodiscard]] std::optional<double> seconds(const Value& parent, const char* nanoseconds_key);
/// The texts of an object, as labels and attributes are, sorted by key.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> texts(const Value& object);

/// One that has to fit a smaller type.
template <class T>
std::optional<T> small(const std::optional<std::int64_t>& value) {
  return value && std::in_range<T>(*value) ? std::optional(static_cast<T>(*value)) : std::nullopt;
}

/// Sorts by `key`. Of those with the same key the last stays alone, as in Go.
template <class T, class Key>
void sort_by_key(std::vector<T>& all, Key key) {
  const auto key_at = [&](std::size_t index) -> const auto& {
    return std::invoke(key, all[index]);
  };
  std::vector<std::size_t> order;
  order.reserve(all.size());
  for (std::size_t index = 0; index < all.size(); ++index) order.push_back(index);
  std::ranges::sort(order, [&](std::size_t one, std::size_t other) {
    return std::tie(key_at(one), one) < std::tie(key_at(other), other);
  });
  std::vector<T> sorted;
  sorted.reserve(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool is_last = i + 1 == order.size() || key_at(order[i + 1]) != key_at(order[i]);
    if (is_last) sorted.push_back(std::move(all[order[i]]));
  }
  all = std::move(sorted);
}

}  // namespace tidegauge::docker::json
