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

namespace {

constexpr std::string_view network_connected = "connect";
constexpr std::string_view network_disconnected = "disconnect";

model::RunUse use_of(const model::ContainerStats& sample) {
  model::RunUse use{.read_at = sample.read_at};
  if (sample.cpu) use.cpu_seconds = sample.cpu->usage_seconds;
  if (sample.memory) {
    use.memory_bytes = sample.memory->usage_bytes;
    use.memory_peak_bytes = sample.memory->max_usage_bytes;
  }
  return use;
}

}  // namespace

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
      {"create", &Inventory::created},
      {"update", &Inventory::inspect_it},
      {"start", &Inventory::started},
      {"die", &Inventory::died},
      {"oom", &Inventory::ran_out_of_memory},
      {"pause", &Inventory::paused},
      {"unpause", &Inventory::unpaused},
      {"health_status", &Inventory::health_changed},
      {"rename", &Inventory::renamed},
      {"destroy", nullptr},  // the container is gone: see `apply`
      {"kill", &Inventory::asked_to_kill},
      {"stop", &Inventory::stopped},
      {"restart", &Inventory::count_only},
      {"remove", &Inventory::count_only},  // Podman's word for "destroy"
      {"died", &Inventory::count_only},    // and for "die"
  };
  return table;
}

std::vector<std::string> Inventory::wanted_actions() {
  std::vector<std::string> names{std::string(network_connected), std::string(network_disconnected)};
  for (const auto& action : actions()) names.emplace_back(action.name);
  return names;
}

Inventory::Effect Inventory::apply(const model::Event& event, const Moment& now) {
  if (!events_.remember(event)) return Effect::known;
  clock_.at_least(event.at, now.steady);
  if (event.type == "network") return apply_network(event, now);
  const bool is_container = event.type == "container";
  const auto action = std::ranges::find(actions(), action_name(event), &Action::name);
  // The Engine may tell more than it is asked for; names of its own choice are not counted apart.
  const bool is_wanted = is_container && action != actions().end();
  ++stats_.events[{is_container ? event.type : "other",
                   is_wanted ? std::string(action->name) : "other"}];
  if (!is_wanted || event.id.empty()) return Effect::none;
  if (action->handle == nullptr) {
    if (const auto gone = entries_.find(event.id); gone != entries_.end()) remove(gone, now);
    count_ends(now);
    return Effect::none;
  }
  auto& about = entry(described_by(event), now);
  ++about.version;
  if (!std::exchange(about.seen_event, true)) set_initial_name(about, name_before(event), now);
  const bool inspect = (this->*action->handle)({event, about, now});
  count_ends(now);
  return inspect ? Effect::inspect : Effect::none;
}

bool Inventory::inspect_it(const Occurrence& occurrence) {
  return occurrence.entry.watched || !occurrence.entry.inspected;
}

bool Inventory::count_only(const Occurrence& /*occurrence*/) {
  return false;
}

/// A start that fails tells of itself by the container's networks alone (start_attempts.h). A
/// running container that is attached to a further network has a new address. (Where it is
/// disconnected from one, it may be ending: an inspect would be ahead of the event of the end.)
Inventory::Effect Inventory::apply_network(const model::Event& event, const Moment& now) {
  const bool connected = event.action == network_connected;
  const bool is_wanted = connected || event.action == network_disconnected;
  ++stats_.events[{is_wanted ? event.type : "other", is_wanted ? event.action : "other"}];
  const auto about = entries_.find(container_id(event));
  if (!is_wanted || about == entries_.end()) return Effect::none;
  auto& [id, entry] = *about;
  if (model::has_processes(entry.container->state)) {
    if (!connected || !entry.watched) return Effect::none;
    ++entry.version;  // an answer that is on its way may be older
    return Effect::inspect;
  }
  if (connected) {
    entry.starts.network_connected();
  } else {
    entry.starts.network_disconnected(now.steady);
    schedule_start_check(id, entry);
  }
  return Effect::none;
}

bool Inventory::created(const Occurrence& occurrence) {
  occurrence.entry.starts.created(occurrence.now.steady);
  schedule_start_check(occurrence.event.id, occurrence.entry);
  return inspect_it(occurrence);
}

bool Inventory::asked_to_kill(const Occurrence& occurrence) {
  const auto signal = signal_of(occurrence.event);
  if (signal && occurrence.entry.watched) {
    ends_.asked_to_kill(occurrence.event.id, {.at = occurrence.event.at, .signal = *signal});
  }
  return false;
}

bool Inventory::stopped(const Occurrence& occurrence) {
  if (occurrence.entry.watched) ends_.stopped(occurrence.event.id, occurrence.event.at);
  return false;
}

bool Inventory::started(const Occurrence& occurrence) {
  const auto& [event, entry, now] = occurrence;
  entry.starts.started();
  if (entry.history.started(event.at, counts_of(entry, now))) entry.sample.reset();
  find_ends(entry, now);
  if (entry.watched) ends_.started(event.id, event.at);
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
  find_ends(entry, now, entry.sample ? std::optional(use_of(*entry.sample)) : std::nullopt);
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

/// Not inspected for it: the Engine shows the kill only once the container has ended. The next
/// sample tells whether the container was at its own limit.
bool Inventory::ran_out_of_memory(const Occurrence& occurrence) {
  const auto& [event, entry, now] = occurrence;
  entry.history.out_of_memory(event.at, counts_of(entry, now));
  if (!entry.watched) return false;
  ends_.killed_for_memory(event.id, {.at = event.at, .source = model::Evidence::Source::engine});
  if (!entry.oom_at) entry.limit_hits = limit_hits(entry.sample.get()).value_or(0);
  entry.oom_at = event.at;
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
