#pragma once

// A map of bounded size, which forgets the entry that was used longest ago. For PasswordChecker.
// Not thread-safe.

#include <cstddef>
#include <iterator>
#include <list>
#include <map>
#include <utility>

namespace tidegauge::web {

template <class Key, class Value>
class RecentMap {
 public:
  /// Holds at most `most` entries, which is at least 1.
  explicit RecentMap(std::size_t most) : most_(most) {}

  /// Null where there is none. The entry then is the one that was used last. The pointer is valid
  /// until the next `insert` or erasure.
  [[nodiscard]] Value* find(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  /// Replaces the value of an entry that is there.
  Value& insert(const Key& key, Value value) {
    if (auto* const old = find(key)) return *old = std::move(value);
    if (entries_.size() == most_) {
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, std::move(value));
    places_.emplace(key, entries_.begin());
    return entries_.front().second;
  }

  void erase(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    entries_.erase(found->second);
    places_.erase(found);
  }

  template <class Predicate>
  void erase_if(const Predicate& unwanted) {
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      const auto next = std::next(entry);
      if (unwanted(entry->first, entry->second)) {
        places_.erase(entry->first);
        entries_.erase(entry);
      }
      entry = next;
    }
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<Key, Value>>;

  std::size_t most_;
  Entries entries_;  // the one that was used last comes first
  std::map<Key, typename Entries::iterator> places_;
};

}  // namespace tidegauge::web
