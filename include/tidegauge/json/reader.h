#pragma once

// Reads JSON of unknown origin in bounded memory. Used by `docker` for replies of the Engine.
//
//   const auto document = json::Document::parse_object(body);
//   if (!document) return fail(document.error());
//   const auto name = document->root()["Config"]["Hostname"].text();
//
// Hides RapidJSON, which no other layer includes. A text of 60 MB can make a tree of 1 GB
// ("[0,0,0,..."), and RapidJSON does not check what its allocator returns, so the allocator has a
// limit and throws. The reader turns that exception into Errc::bad_reply. Nesting costs heap within
// the same limit, not stack. Not thread-safe.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "tidegauge/model/error.h"

namespace tidegauge::json {

template <class Item>
class Range;
struct Member;

/// One value of a document: a reference, cheap to copy, valid while the document lives. A value
/// that is absent or null is not present, and every read of it finds nothing, so that look-ups can
/// be chained. A value of another type than the one asked for reads as nothing, too.
class Value {
 public:
  Value() = default;
  explicit Value(const void* node) noexcept : node_(node) {}

  [[nodiscard]] bool is_present() const noexcept { return node_ != nullptr; }
  [[nodiscard]] bool is_object() const noexcept;
  [[nodiscard]] bool is_array() const noexcept;

  /// The member of an object. Where a key occurs twice, the last one counts, as in Go.
  [[nodiscard]] Value operator[](std::string_view key) const noexcept;
  [[nodiscard]] Range<Member> members() const noexcept;
  [[nodiscard]] Range<Value> elements() const noexcept;

  /// The text; empty where the value is none.
  [[nodiscard]] std::string text() const { return std::string(text_view().value_or("")); }
  [[nodiscard]] std::optional<std::string_view> text_view() const noexcept;
  [[nodiscard]] std::optional<bool> boolean() const noexcept;
  [[nodiscard]] std::optional<double> number() const noexcept;

  /// An integer that fits `T`.
  template <class T = std::int64_t>
  [[nodiscard]] std::optional<T> integer() const noexcept {
    const auto value = int64();
    return value && std::in_range<T>(*value) ? std::optional(static_cast<T>(*value)) : std::nullopt;
  }

  /// A count or a size. A negative number is none: Engines send -1 for "unlimited".
  [[nodiscard]] std::optional<std::uint64_t> count() const noexcept;
  /// A count above 0.
  [[nodiscard]] std::optional<std::uint64_t> positive() const noexcept;
  /// `standard` where the value is not present; nothing where it is present and no count.
  [[nodiscard]] std::optional<std::uint64_t> count_or(std::uint64_t standard) const noexcept;

  /// The members of an object that are texts (labels, attributes), sorted by key.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> texts() const;

 private:
  [[nodiscard]] std::optional<std::int64_t> int64() const noexcept;

  const void* node_ = nullptr;  // a RapidJSON value
};

struct Member {
  std::string_view key;
  Value value;
};

/// The elements of an array or the members of an object, in their order.
template <class Item>
class Range {
 public:
  class Iterator {
   public:
    explicit Iterator(const void* at) noexcept : at_(at) {}
    [[nodiscard]] Item operator*() const noexcept;
    Iterator& operator++() noexcept;
    [[nodiscard]] bool operator==(const Iterator&) const = default;

   private:
    const void* at_;
  };

  Range(const void* first, const void* last) noexcept : first_(first), last_(last) {}
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(first_); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(last_); }

 private:
  const void* first_;
  const void* last_;
};

template <>
Value Range<Value>::Iterator::operator*() const noexcept;
template <>
Range<Value>::Iterator& Range<Value>::Iterator::operator++() noexcept;
template <>
Member Range<Member>::Iterator::operator*() const noexcept;
template <>
Range<Member>::Iterator& Range<Member>::Iterator::operator++() noexcept;

/// One JSON text as a tree in memory.
class Document {
 public:
  /// A real inspect of 1 MB takes 2 MB.
  static constexpr std::size_t standard_limit = std::size_t{16} << 20U;

  /// Errc::bad_reply where `text` is not JSON, or where its tree takes more than `max_bytes`.
  [[nodiscard]] static Result<Document> parse(std::string_view text,
                                              std::size_t max_bytes = standard_limit);
  /// Errc::bad_reply also where `text` is not an object.
  [[nodiscard]] static Result<Document> parse_object(std::string_view text,
                                                     std::size_t max_bytes = standard_limit);

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  [[nodiscard]] Value root() const noexcept;

 private:
  struct Tree;
  explicit Document(std::unique_ptr<Tree> tree) noexcept;
  friend Result<void> for_each_element(std::string_view text,
                                       const std::function<Result<void>(Value)>& use);

  std::unique_ptr<Tree> tree_;
};

/// Calls `use` with each element of the array `text` in turn. Only one element is in memory as a
/// tree at a time, of at most 128 MiB; a larger element fails the whole array. The first failure of
/// `use` ends the reading.
[[nodiscard]] Result<void> for_each_element(std::string_view text,
                                            const std::function<Result<void>(Value)>& use);

/// Sorts `all` by `key`. Of elements with the same key only the last remains, as in Go.
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

}  // namespace tidegauge::json
