#include "monitor/ghosts.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace tidegauge::monitor {
namespace {

constexpr std::size_t max_ghosts = 1'000;

}  // namespace

void Ghosts::add(model::ContainerRecord record, SteadyTime now) {
  const auto& name = record.container->name;
  by_name_[name] = {.record = std::move(record), .until = now + window_};
}

void Ghosts::keep_for(Milliseconds window) {
  for (auto& [name, ghost] : by_name_) ghost.until += window - window_;
  window_ = window;
}

void Ghosts::drop_unwatched(const std::function<bool(const model::Container&)>& is_watched,
                            const std::function<void(const std::string&)>& dropped) {
  std::erase_if(by_name_, [&](const auto& named) {
    if (is_watched(*named.second.record.container)) return false;
    dropped(named.first);
    return true;
  });
}

void Ghosts::drop_expired(SteadyTime now) {
  std::erase_if(by_name_, [&](const auto& named) { return now >= named.second.until; });
  while (by_name_.size() > max_ghosts) {
    by_name_.erase(std::ranges::min_element(by_name_, {},
                                            [](const auto& named) { return named.second.until; }));
  }
}

void Ghosts::write(std::vector<model::ContainerRecord>& records) const {
  records.clear();
  for (const auto& [name, ghost] : by_name_) records.push_back(ghost.record);
}

}  // namespace tidegauge::monitor
