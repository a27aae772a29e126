#include "status/container_facts.h"

#include <algorithm>

#include "tidegauge/util/utf8.h"

namespace tidegauge::status {

std::optional<std::uint64_t> ContainerFacts::memory_bytes() const {
  if (!record.stats || !record.stats->memory) return std::nullopt;
  const auto& memory = *record.stats->memory;
  return model::memory_in_use(memory);
}

std::string_view ContainerFacts::project() const {
  constexpr std::size_t longest_project = 128;  // a label may have megabytes
  return utf8_prefix(model::find_label(container(), "com.docker.compose.project").value_or(""),
                     longest_project);
}

std::optional<double> ContainerFacts::pressure() const {
  if (!history) return std::nullopt;
  const auto& latest = history->latest;
  // An empty optional is less than each value.
  return std::max({latest.cpu_waiting_share, latest.memory_waiting_share, latest.io_waiting_share});
}

std::optional<double> allowed_cores(const model::ContainerLimits& limits) {
  if (!limits.cpu_quota_us || limits.cpu_period_us.value_or(0) == 0) return std::nullopt;
  return static_cast<double>(*limits.cpu_quota_us) / static_cast<double>(*limits.cpu_period_us);
}

FactsOf::FactsOf(const model::EngineSnapshot& engine, const History& history)
    : engine_(engine), history_(history) {
  for (const auto& [name, lifecycle] : engine.lifecycles) lifecycles_[name] = &lifecycle;
  if (!engine.ends) return;
  for (const auto& end : *engine.ends) {
    auto& last = last_ends_[end->id];  // by time: ends are kept in the order of their decisions
    if (last == nullptr || last->ended_at <= end->ended_at) last = end.get();
  }
}

ContainerFacts FactsOf::operator()(const model::ContainerRecord& record) const {
  const auto value_of = [](const auto& map, std::string_view key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : found->second;
  };
  return {.engine = engine_,
          .record = record,
          .lifecycle = value_of(lifecycles_, record.container->name),
          .last_end = value_of(last_ends_, record.container->id),
          .history = history_.container(engine_.endpoint, record.container->id)};
}

}  // namespace tidegauge::status
