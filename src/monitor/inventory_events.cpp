// What the Engine's events do to the inventory: one handler for each action.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/container_events.h"
#include "monitor/inventory.h"

namespace tidegauge::monitor {

using model::Container;
using model::ContainerState;

/// An event about a container that is known, or has become so by it.
struct Inventory::Occurrence {
  const model::Event& event;
  Entry& entry;
  const Moment& now;
};

/// What the daemon does at each action. The Engine is asked for these actions and no others. A
/// handler says whether the container is to be inspected.
struct Inventory::Action {
  std::string_view name;
  bool (Inventory::*handle)(const Occurrence&);
};

const std::vector<Inventory::Action>& Inventory::actions() {
  static const std::vector<Action> table{
      {"create", &Inventory::inspect_it},
      {"update", &Inventory::inspect_it},
      {"start", &Inventory::started},
      {"die", &Inventory::died},
      {"oom", &Inventory::ran_out_of_memory},
      {"pause", &Inventory::paused},
      {"unpause", &Inventory::unpaused},
      {"health_status", &Inventory::health_changed},
      {"rename", &Inventory::renamed},
      {"destroy", nullptr},  // the container is gone: see `apply`
      {"kill", &Inventory::count_only},
      {"stop", &Inventory::count_only},
      {"restart", &Inventory::count_only},
      {"remove", &Inventory::count_only},  // Podman's word for "destroy"
      {"died", &Inventory::count_only},    // and for "die"
  };
  return table;
}

std::vector<std::string> Inventory::wanted_actions() {
  std::vector<std::string> names;
  for (const auto& action : actions()) names.emplace_back(action.name);
  return names;
}

Inventory::Effect Inventory::apply(const model::Event& event, const Moment& now) {
  if (!events_.remember(event)) return Effect::known;
  clock_.at_least(event.at, now.steady);
  const bool is_container = event.type == "container";
  const auto action = std::ranges::find(actions(), action_name(event), &Action::name);
  // The Engine may tell more than it is asked for; names of its own choice are not counted apart.
  const bool is_wanted = is_container && action != actions().end();
  ++stats_.events[{is_container ? event.type : "other",
                   is_wanted ? std::string(action->name) : "other"}];
  if (!is_wanted || event.id.empty()) return Effect::none;
  if (action->handle == nullptr) {
    if (const auto gone = entries_.find(event.id); gone != entries_.end()) remove(gone, now);
    return Effect::none;
  }
  auto& about = entry(described_by(event), now);
  ++about.version;
  if (!std::exchange(about.seen_event, true)) set_initial_name(about, name_before(event), now);
  return (this->*action->handle)({event, about, now}) ? Effect::inspect : Effect::none;
}

bool Inventory::inspect_it(const Occurrence& occurrence) {
  return occurrence.entry.watched || !occurrence.entry.inspected;
}

bool Inventory::count_only(const Occurrence& /*occurrence*/) {
  return false;
}

bool Inventory::started(const Occurrence& occurrence) {
  const auto& [event, entry, now] = occurrence;
  if (entry.history.started(event.at, counts_of(entry, now))) entry.sample.reset();
  change(entry, [&](Container& container) {
    container.state = ContainerState::running;
    container.started_at = event.at;
    container.pid.reset();  // until an inspect tells
    if (container.health != model::Health::none) container.health = model::Health::starting;
  });
  return inspect_it(occurrence);
}

bool Inventory::died(const Occurrence& occurrence) {
  const auto& [event, entry, now] = occurrence;
  const auto code = exit_code(event);
  entry.history.ended(event.at, code, counts_of(entry, now));
  entry.ended_at = event.at;
  entry.last_seen = clock_.moment_of(event.at, now);
  change(entry, [&](Container& container) {
    container.state = ContainerState::exited;
    container.finished_at = event.at;
    container.exit_code = code;
    container.pid.reset();
  });
  return inspect_it(occurrence);
}

/// Not inspected for it: the Engine shows the kill only once the container has ended.
bool Inventory::ran_out_of_memory(const Occurrence& occurrence) {
  const auto& [event, entry, now] = occurrence;
  entry.history.out_of_memory(event.at, counts_of(entry, now));
  return false;
}

bool Inventory::paused(const Occurrence& occurrence) {
  change(occurrence.entry, [](Container& container) { container.state = ContainerState::paused; });
  return inspect_it(occurrence);
}

bool Inventory::unpaused(const Occurrence& occurrence) {
  change(occurrence.entry, [](Container& container) { container.state = ContainerState::running; });
  return inspect_it(occurrence);
}

/// Podman does not say what the health is now: then an inspect must.
bool Inventory::health_changed(const Occurrence& occurrence) {
  const auto& [event, entry, now] = occurrence;
  const auto health = model::parse_health(action_detail(event));
  if (health == model::Health::none) return true;
  ++counts_of(entry, now).health_transitions[static_cast<std::size_t>(health)];
  change(entry, [&](Container& container) { container.health = health; });
  return inspect_it(occurrence);
}

bool Inventory::renamed(const Occurrence& occurrence) {
  rename(occurrence.entry, attribute(occurrence.event, "name"), occurrence.now);
  return inspect_it(occurrence);
}

}  // namespace tidegauge::monitor
