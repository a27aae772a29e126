#include "tidegauge/model/container.h"

#include <algorithm>

namespace tidegauge::model {

std::string_view to_string(ContainerState state) noexcept {
  switch (state) {
    case ContainerState::created:
      return "created";
    case ContainerState::running:
      return "running";
    case ContainerState::paused:
      return "paused";
    case ContainerState::restarting:
      return "restarting";
    case ContainerState::removing:
      return "removing";
    case ContainerState::exited:
      return "exited";
    case ContainerState::dead:
      return "dead";
    case ContainerState::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view to_string(Health health) noexcept {
  switch (health) {
    case Health::none:
      return "none";
    case Health::starting:
      return "starting";
    case Health::healthy:
      return "healthy";
    case Health::unhealthy:
      return "unhealthy";
  }
  return "none";
}

ContainerState parse_container_state(std::string_view text) noexcept {
  for (const auto state : container_states) {
    if (text == to_string(state)) return state;
  }
  return ContainerState::unknown;
}

Health parse_health(std::string_view text) noexcept {
  for (const auto health : health_statuses) {
    if (text == to_string(health)) return health;
  }
  return Health::none;
}

bool shares_network(const Container& container) {
  return container.network_mode == "host" || container.network_mode.starts_with("container:");
}

std::optional<std::string_view> find_label(const Container& container, std::string_view key) {
  const auto found = std::ranges::lower_bound(container.labels, key, {},
                                              &std::pair<std::string, std::string>::first);
  if (found == container.labels.end() || found->first != key) return std::nullopt;
  return found->second;
}

}  // namespace tidegauge::model
