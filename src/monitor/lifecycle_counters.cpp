#include "monitor/lifecycle_counters.h"

#include <algorithm>
#include <cstddef>

namespace tidegauge::monitor {
namespace {

constexpr std::size_t max_retired_names = 10'000;

}  // namespace

model::Lifecycle& LifecycleCounters::of(const std::string& name, const Moment& now) {
  auto& counters = by_name_[name];
  if (counters.lifecycle.counted_since == WallTime{}) counters.lifecycle.counted_since = now.wall;
  counters.retired_at.reset();
  counters.hidden = false;
  return counters.lifecycle;
}

model::Lifecycle* LifecycleCounters::find(const std::string& name) {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second.lifecycle;
}

void LifecycleCounters::restore(const std::string& name, const model::Lifecycle& lifecycle,
                                const Moment& now) {
  by_name_[name] = {.lifecycle = lifecycle, .retired_at = now.steady};
}

void LifecycleCounters::rename(const std::string& from, const std::string& to) {
  if (auto counters = by_name_.extract(from)) {
    by_name_[to].lifecycle += counters.mapped().lifecycle;
  }
}

void LifecycleCounters::retire(const std::string& name, const Moment& now) {
  retire_with_zeros(name, now);
  if (const auto found = by_name_.find(name);
      found != by_name_.end() && model::is_blank(found->second.lifecycle)) {
    by_name_.erase(found);
  }
}

void LifecycleCounters::retire_with_zeros(const std::string& name, const Moment& now) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    found->second.retired_at = now.steady;
  }
}

void LifecycleCounters::hide(const std::string& name, const Moment& now) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  found->second.retired_at = now.steady;
  found->second.hidden = true;
}

void LifecycleCounters::drop_expired(SteadyTime now) {
  std::erase_if(by_name_, [&](const auto& named) {
    const auto& retired_at = named.second.retired_at;
    return retired_at && now - *retired_at >= kept_for_;
  });
  const auto is_retired = [](const auto& named) { return named.second.retired_at.has_value(); };
  auto retired = static_cast<std::size_t>(std::ranges::count_if(by_name_, is_retired));
  for (; retired > max_retired_names; --retired) {
    by_name_.erase(std::ranges::min_element(by_name_, {}, [](const auto& named) {
      return named.second.retired_at.value_or(SteadyTime::max());
    }));
  }
}

void LifecycleCounters::write(
    std::vector<std::pair<std::string, model::Lifecycle>>& lifecycles) const {
  lifecycles.resize(by_name_.size());
  auto lifecycle = lifecycles.begin();
  for (const auto& [name, counters] : by_name_) {
    if (counters.hidden) continue;
    lifecycle->first = name;
    lifecycle->second = counters.lifecycle;
    ++lifecycle;
  }
  lifecycles.erase(lifecycle, lifecycles.end());
}

}  // namespace tidegauge::monitor
