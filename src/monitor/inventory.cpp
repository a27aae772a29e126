#include "tidegauge/monitor/inventory.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "monitor/cgroup_path.h"
#include "monitor/container_filter.h"

namespace tidegauge::monitor {

using model::Container;
using model::ContainerState;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_ghosts = 1'000;
constexpr std::size_t most_names_gone = 10'000;

std::string attribute(const model::Event& event, std::string_view key) {
  const auto found = std::ranges::lower_bound(event.attributes, key, {},
                                              &std::pair<std::string, std::string>::first);
  return found != event.attributes.end() && found->first == key ? found->second : std::string();
}

std::optional<int> exit_code_of(const model::Event& event) {
  const auto text = attribute(event, "exitCode");
  int code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return code;
}

/// "health_status" of "health_status: healthy".
std::string_view kind_of(std::string_view action) {
  return action.substr(0, action.find(':'));
}

/// What its container was called before the event; empty where Podman does not say.
std::string name_before(const model::Event& event) {
  if (event.action != "rename") return attribute(event, "name");
  auto name = attribute(event, "oldName");
  if (name.starts_with('/')) name.erase(0, 1);  // the Engine writes it so here alone
  return name;
}

/// What an event tells of its container: the attributes are its labels, with some of the Engine's.
Container container_of(const model::Event& event) {
  Container container;
  container.id = event.id;
  container.labels = event.attributes;
  container.name = attribute(event, "name");
  container.image = attribute(event, "image");
  return container;
}

Container container_of(const model::ContainerSummary& summary) {
  Container container;
  container.id = summary.id;
  container.labels = summary.labels;
  container.name = summary.name;
  container.image = summary.image;
  return container;
}

}  // namespace

const std::vector<std::string>& Inventory::wanted_actions() {
  static const std::vector<std::string>
      actions{"create", "start",   "die",           "oom",    "kill",
              "stop",   "restart", "health_status", "pause",  "unpause",
              "rename", "update",  "destroy",       "remove", "died"};  // the last two: Podman's
  return actions;
}

void Inventory::resync(const std::vector<model::ContainerSummary>& list, const Moment& now) {
  const bool first = stats.lists++ == 0;
  std::set<std::string> listed;
  for (const auto& summary : list) {
    listed.insert(summary.id);
    const bool known = entries_.contains(summary.id);
    auto& known_or_new = entry(container_of(summary), now);
    if (!first && (!known || known_or_new.container->state != summary.state)) ++stats.drift;
    if (known_or_new.container->name != summary.name) {
      // A list may show the name by which another container links to it.
      known_or_new.misnamed = known_or_new.inspected || known_or_new.told;
      if (!known_or_new.misnamed) set_initial_name(known_or_new, summary.name, now);
    }
    if (known_or_new.container->state != summary.state) {
      change(known_or_new, [&](Container& container) { container.state = summary.state; });
    }
    known_or_new.history.expect_gap();
    ++known_or_new.version;  // an answer on its way may be older than the list
  }
  for (auto known = entries_.begin(); known != entries_.end();) {
    const auto current = known++;
    if (listed.contains(current->first)) continue;
    ++stats.drift;
    remove(current, now);
  }
}

void Inventory::record_engine_time(WallTime engine_time, SteadyTime now) {
  clock_.set(engine_time, now);
  events_.begin(engine_time);
}

Inventory::Effect Inventory::apply(const model::Event& event, const Moment& now) {
  if (!events_.remember(event)) return Effect::known;
  clock_.at_least(event.at, now.steady);
  const auto kind = kind_of(event.action);
  // The Engine may tell more than it is asked for, without a bound on the kinds of it.
  const bool is_wanted = event.type == "container" &&
                         std::ranges::find(wanted_actions(), kind) != wanted_actions().end();
  const bool is_container = event.type == "container";
  ++stats.events[{is_container ? event.type : "other", is_wanted ? std::string(kind) : "other"}];
  if (!is_wanted || event.id.empty()) return Effect::none;
  if (kind == "destroy") {
    if (const auto gone = entries_.find(event.id); gone != entries_.end()) remove(gone, now);
    return Effect::none;
  }
  auto& about = entry(container_of(event), now);
  ++about.version;
  if (!std::exchange(about.told, true)) set_initial_name(about, name_before(event), now);
  if (kind == "start") {
    if (about.history.started(event.at, counts_of(about, now))) about.sample.reset();
    change(about, [&](Container& container) {
      container.state = ContainerState::running;
      container.started_at = event.at;
      container.pid.reset();  // until an inspect tells
      if (container.health != model::Health::none) container.health = model::Health::starting;
    });
  } else if (kind == "die") {
    const auto code = exit_code_of(event);
    about.history.ended(event.at, code, counts_of(about, now));
    about.ended_at = event.at;
    about.last_seen = clock_.moment_of(event.at, now);
    change(about, [&](Container& container) {
      container.state = ContainerState::exited;
      container.finished_at = event.at;
      container.exit_code = code;
      container.pid.reset();
    });
  } else if (kind == "oom") {
    about.history.out_of_memory(event.at, counts_of(about, now));
  } else if (kind == "pause" || kind == "unpause") {
    change(about, [&](Container& container) {
      container.state = kind == "pause" ? ContainerState::paused : ContainerState::running;
    });
  } else if (kind == "health_status") {
    const auto to = model::parse_health(
        std::string_view(event.action).substr(std::min(event.action.size(), kind.size() + 2)));
    if (to == model::Health::none) return Effect::inspect;  // Podman does not say to what
    ++counts_of(about, now).health_transitions[static_cast<std::size_t>(to)];
    change(about, [&](Container& container) { container.health = to; });
  } else if (kind == "rename") {
    rename(about, attribute(event, "name"), now);
  } else if (kind != "create" && kind != "update") {
    return Effect::none;
  }
  return kind != "oom" && (about.watched || !about.inspected) ? Effect::inspect : Effect::none;
}

std::optional<std::uint64_t> Inventory::version(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? std::nullopt : std::optional(found->second.version);
}

bool Inventory::record_inspected(const std::string& id, std::uint64_t version, Container container,
                                 const Moment& now) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.version != version) return false;
  if (container.id != id) return false;
  auto& entry = found->second;
  entry.history.inspected(container, *entry.container, clock_.now(now.steady),
                          counts_of(entry, now));
  entry.misnamed = false;
  if (entry.inspected || entry.told) {
    rename(entry, container.name, now);
  } else {
    set_initial_name(entry, container.name, now);  // a list has named it
  }
  if (container.finished_at > entry.ended_at) {  // without an event
    entry.ended_at = container.finished_at;
    entry.last_seen.reset();
  }
  const bool same_run = entry.sample && container.started_at == entry.container->started_at;
  if (!model::has_processes(container.state) || (entry.inspected && !same_run)) {
    entry.sample.reset();
  }
  entry.inspected = entry.asked = true;
  entry.refreshed = now.steady;
  if (!entry.cgroup_path_known) entry.cgroup_path.clear();
  entry.container = std::make_shared<const Container>(std::move(container));
  update_watched(entry, now);
  return true;
}

void Inventory::record_sampled(const std::string& id,
                               std::shared_ptr<model::ContainerStats> sample) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  auto& entry = found->second;
  entry.sample.reset();
  if (!sample || !is_sampled(entry)) return;
  if (!sample->has_processes) return;  // it has stopped since it was inspected
  // Both say zeros where there is no quota.
  if (sample->cpu && !entry.container->limits.cpu_quota_us) sample->cpu->throttling.reset();
  // The Engine shows the traffic of a shared network for each container in it.
  if (model::shares_network(*entry.container)) sample->networks.clear();
  entry.sample = std::move(sample);
}

bool Inventory::record_measured(const std::string& id, std::optional<std::uint64_t> bytes,
                                WallTime now) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  auto& entry = found->second;
  entry.layer.reset();
  if (bytes) entry.layer = {.bytes = *bytes, .measured_at = now};
  return std::exchange(entry.unmeasurable, !bytes) == bytes.has_value();
}

void Inventory::set_cgroup_path(const std::string& id, const std::string& path) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || path.empty()) return;
  found->second.cgroup_path = path;
  found->second.cgroup_path_known = true;
}

void Inventory::expect_gap(const std::string& id) {
  if (const auto found = entries_.find(id); found != entries_.end()) {
    found->second.history.expect_gap();
  }
}

void Inventory::set_source(const std::string& id, model::StatsSource source) {
  if (const auto found = entries_.find(id); found != entries_.end()) found->second.source = source;
}

std::optional<Inventory::StateChange> Inventory::record_outcome(const std::string& id,
                                                                Question question,
                                                                const std::optional<Error>& failure,
                                                                const Moment& now) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  if (failure && failure->code == Errc::not_found) {
    remove(found, now);
    return std::nullopt;
  }
  auto& entry = found->second;
  entry.asked = true;
  if (!entry.watched) return std::nullopt;
  if (failure && failure->code == Errc::engine_down) return std::nullopt;  // nobody was asked
  auto& outcome = entry.outcomes.at(static_cast<std::size_t>(question));
  const bool cut = failure && blames_engine(failure->code);
  if (cut && !std::exchange(outcome.cut, true)) {
    ++outcome.failures;
    return std::nullopt;
  }
  const bool was_failing = is_failing(entry);
  const bool stuck = failure && (means_stuck(failure->code) || failure->code == Errc::quarantined);
  outcome = {.failing = failure.has_value(),
             .stuck = stuck,
             .cut = cut,
             .failures = failure ? outcome.failures + 1 : 0};
  // What has ended is not sampled any more: how its last sample went does not matter.
  if (!is_sampled(entry)) entry.outcomes[static_cast<std::size_t>(Question::sample)] = {};
  if (failure) ++entry.collect_errors;
  if (is_failing(entry) == was_failing) return std::nullopt;
  return StateChange{.name = entry.container->name, .failure = failure};
}

void Inventory::forget_samples() {
  for (auto& [id, entry] : entries_) entry.sample.reset();
}

void Inventory::forget_engine_samples() {
  for (auto& [id, entry] : entries_) {
    const bool engines = entry.sample && entry.sample->source == model::StatsSource::engine;
    if (engines) entry.sample.reset();
    for (auto& outcome : entry.outcomes) outcome.cut = false;
  }
}

bool Inventory::is_watched(const std::string& id) const {
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.watched;
}

bool Inventory::is_inspected(const std::string& id) const {
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.inspected;
}

std::uint64_t Inventory::failures(const std::string& id, Question question) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return 0;
  return found->second.outcomes.at(static_cast<std::size_t>(question)).failures;
}

std::string Inventory::name_of(const std::string& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? std::string() : found->second.container->name;
}

std::vector<std::string> Inventory::ids() const {
  std::vector<std::string> all;
  for (const auto& [id, entry] : entries_) all.push_back(id);
  return all;
}

std::vector<std::string> Inventory::ids_to_inspect() const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) {
    if (entry.watched || !entry.inspected || entry.misnamed) ids.push_back(id);
  }
  return ids;
}

std::vector<std::string> Inventory::ids_that_differ(
    const std::vector<model::ContainerSummary>& list) const {
  std::vector<std::string> ids;
  for (const auto& summary : list) {
    const auto known = entries_.find(summary.id);
    const bool is_new = known == entries_.end();
    const bool misnamed = !is_new && known->second.container->name != summary.name;
    const bool same = !is_new && !misnamed && known->second.inspected &&
                      known->second.container->state == summary.state;
    const bool matters = is_new || misnamed || known->second.watched;
    if (!same && matters) ids.push_back(summary.id);
  }
  return ids;
}

std::vector<std::string> Inventory::ids_to_ask_about() const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) {
    if (is_sampled(entry) && entry.source == model::StatsSource::engine) ids.push_back(id);
  }
  return ids;
}

std::vector<std::string> Inventory::take_ids_to_measure(SteadyTime now, bool every_one) {
  std::vector<std::pair<std::optional<SteadyTime>, std::string>> due;
  std::size_t all = 0;
  for (const auto& [id, entry] : entries_) {
    if (!is_sampled(entry)) continue;
    ++all;
    const bool is_due = !entry.measured || now - *entry.measured >= options_.filesystem_interval;
    if (is_due) due.emplace_back(entry.measured, id);
  }
  std::ranges::sort(due);
  const auto cycles = std::max<std::size_t>(
      1, static_cast<std::size_t>(options_.filesystem_interval / options_.interval));
  const auto share = every_one ? all : (all + cycles - 1) / cycles;
  std::vector<std::string> ids;
  for (auto& [measured, id] : due) {
    if (ids.size() == share) break;
    entries_.at(id).measured = now;
    ids.push_back(std::move(id));
  }
  return ids;
}

std::optional<std::string> Inventory::next_to_refresh(SteadyTime now) {
  if (!rounds_.begin(now)) return std::nullopt;
  for (const auto& [id, entry] : entries_) {
    if (!entry.watched) continue;
    const bool checks = is_sampled(entry) && entry.container->health != model::Health::none;
    rounds_.show(id, checks ? RefreshRounds::Kind::checks_health : RefreshRounds::Kind::other,
                 entry.refreshed);
  }
  const auto* const id = rounds_.take(now);
  if (id == nullptr) return std::nullopt;
  auto& entry = entries_.at(*id);
  entry.refreshed = now;
  entry.history.expect_gap();
  return *id;
}

bool Inventory::asked_about_all() const {
  return std::ranges::all_of(entries_, [](const auto& named) { return named.second.asked; });
}

bool Inventory::is_sampled(const std::string& id) const {
  const auto found = entries_.find(id);
  return found != entries_.end() && is_sampled(found->second);
}

bool Inventory::needs_sample(const std::string& id) const {
  return is_sampled(id) && !entries_.at(id).sample;
}

bool Inventory::is_sampled_by(const std::string& id, model::StatsSource source) const {
  const auto found = entries_.find(id);
  return found != entries_.end() && found->second.source == source;
}

std::optional<Inventory::Run> Inventory::run_of(const std::string& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end() || !is_sampled(found->second)) return std::nullopt;
  const auto& container = *found->second.container;
  if (!container.pid) return std::nullopt;
  return Run{.pid = *container.pid,
             .started_at = container.started_at,
             .shares_network = model::shares_network(container)};
}

void Inventory::fill(model::EngineSnapshot& snapshot, const Moment& now) {
  if (snapshot.up) {
    const auto driver = [](const auto& info) { return info ? info->cgroup_driver : ""; };
    if (driver(info_) != driver(snapshot.info)) {
      for (auto& [id, entry] : entries_) {
        if (!entry.cgroup_path_known) entry.cgroup_path.clear();
      }
    }
    info_ = snapshot.info;
    forget_old(now.steady);
  }
  snapshot.containers_by_state = {};
  std::size_t filled = 0;
  snapshot.containers.resize(entries_.size());
  for (auto& [id, entry] : entries_) {
    if (snapshot.up) {
      ++snapshot.containers_by_state[static_cast<std::size_t>(entry.container->state)];
    }
    if (!entry.watched || (!snapshot.up && !entry.sample)) continue;
    auto& record = snapshot.containers[filled++];
    describe(entry, now, record);
    record.state_known = snapshot.up;
    if (!snapshot.up) record.last_seen = entry.sample->read_at;
  }
  snapshot.containers.resize(filled);
  std::ranges::sort(snapshot.containers, {}, [](const model::ContainerRecord& record) {
    return std::tie(record.container->name, record.container->id);
  });
  snapshot.ghosts.clear();
  snapshot.lifecycles.resize(snapshot.up ? counted_.size() : 0);
  if (!snapshot.up) return;
  for (const auto& [name, ghost] : ghosts_) snapshot.ghosts.push_back(ghost.record);
  auto lifecycle = snapshot.lifecycles.begin();
  for (const auto& [name, counted] : counted_) {
    lifecycle->first = name;
    lifecycle->second = counted.lifecycle;
    ++lifecycle;
  }
}

void Inventory::describe(Entry& entry, const Moment& now, model::ContainerRecord& record) const {
  if (entry.cgroup_path.empty()) entry.cgroup_path = cgroup_path(*entry.container, info_);
  record.container = entry.container;
  record.cgroup_path = entry.cgroup_path;
  record.stats = entry.sample;
  // It takes until the Engine has told its time to say how long ago.
  if (!entry.last_seen && entry.ended_at) {
    entry.last_seen = clock_.moment_of(*entry.ended_at, now);
  }
  record.last_seen.reset();
  record.collect_errors = entry.collect_errors;
  record.stuck = std::ranges::any_of(entry.outcomes, &Outcome::stuck);
  record.layer.reset();
  if (model::has_processes(entry.container->state)) {
    record.layer = entry.layer;
    record.last_seen = now.wall;
  } else if (entry.last_seen && now.steady - entry.last_seen->steady <= options_.ghost_window) {
    record.last_seen = entry.last_seen->wall;  // no longer, or an alert on its age would never end
  }
}

// --- changes ------------------------------------------------------------------------------------

bool Inventory::is_sampled(const Entry& entry) {
  return entry.watched && model::has_processes(entry.container->state);
}

bool Inventory::is_failing(const Entry& entry) {
  return std::ranges::any_of(entry.outcomes, &Outcome::failing);
}

/// Known or new; a new one is what `first` says until it is inspected.
Inventory::Entry& Inventory::entry(Container first, const Moment& now) {
  auto& found = entries_[first.id];
  if (found.container) return found;
  first.state = ContainerState::created;
  found.source = source_;
  found.container = std::make_shared<const Container>(std::move(first));
  update_watched(found, now);
  return found;
}

/// Decides by what is known of it whether it is watched. Whoever is, takes the place of a ghost of
/// its name; of whoever is no more, nothing is left.
void Inventory::update_watched(Entry& entry, const Moment& now) {
  const auto& name = entry.container->name;
  const bool before = std::exchange(entry.watched, monitor::is_watched(*entry.container, options_));
  if (entry.watched) {
    ghosts_.erase(name);
    counts_of(entry, now);
  } else if (before) {
    entry.sample.reset();
    if (watched_as(name) == nullptr) counted_.erase(name);
  }
}

void Inventory::change(Entry& entry, const std::function<void(Container&)>& how) {
  auto changed = *entry.container;
  how(changed);
  if (!model::has_processes(changed.state)) entry.sample.reset();
  entry.container = std::make_shared<const Container>(std::move(changed));
}

/// A list may be ahead of the events, and show a name that this one has yet to be given, or one by
/// which another container links to it: then the counters of that name are not those of this one.
void Inventory::set_initial_name(Entry& entry, const std::string& name, const Moment& now) {
  const auto listed = entry.container->name;
  if (name.empty() || name == listed) return;
  change(entry, [&](Container& container) { container.name = name; });
  update_watched(entry, now);
  leave_name(listed, now);
}

/// The counters go with the container.
void Inventory::rename(Entry& entry, const std::string& name, const Moment& now) {
  const auto old = entry.container->name;
  if (name.empty() || name == old) return;
  auto counted = entry.watched ? counted_.extract(old) : decltype(counted_)::node_type();
  change(entry, [&](Container& container) { container.name = name; });
  // As after a Compose recreate, which renames the new one.
  if (counted) counted_[name].lifecycle += counted.mapped().lifecycle;
  update_watched(entry, now);
  leave_name(old, now);
}

/// One container less has the name.
void Inventory::leave_name(const std::string& name, const Moment& now) {
  if (const auto* const other = watched_as(name)) {
    counts_of(*other, now);
  } else if (const auto counted = counted_.find(name); counted != counted_.end()) {
    counted->second.gone_at = now.steady;
    if (model::is_blank(counted->second.lifecycle)) counted_.erase(counted);
  }
}

const Inventory::Entry* Inventory::watched_as(const std::string& name) const {
  const auto found = std::ranges::find_if(entries_, [&](const auto& named) {
    return named.second.watched && named.second.container->name == name;
  });
  return found == entries_.end() ? nullptr : &found->second;
}

void Inventory::remove(Entries::iterator gone, const Moment& now) {
  auto entry = std::move(gone->second);
  entries_.erase(gone);
  const auto& name = entry.container->name;
  // An inspect of the next may be ahead of this event.
  if (!entry.watched || watched_as(name) != nullptr) return;
  if (const auto counted = counted_.find(name); counted != counted_.end()) {
    counted->second.gone_at = now.steady;
  }
  const bool runs = model::has_processes(entry.container->state);
  if (options_.ghost_window.count() == 0) return;
  model::ContainerRecord record;
  describe(entry, now, record);
  if (runs) entry.last_seen = now;
  if (!entry.last_seen && !entry.ended_at) return;          // it never ran
  if (record.container->state != ContainerState::exited) {  // "removing", or its end was not seen
    auto container = *entry.container;
    container.state = ContainerState::exited;
    record.container = std::make_shared<const Container>(std::move(container));
  }
  record.stats.reset();
  record.last_seen.reset();
  if (entry.last_seen) record.last_seen = entry.last_seen->wall;
  ghosts_[name] = {.record = std::move(record), .until = now.steady + options_.ghost_window};
}

/// Where what happens to it is counted: under its name, if it is watched.
model::Lifecycle& Inventory::counts_of(const Entry& entry, const Moment& now) {
  if (!entry.watched) return uncounted_;
  auto& counted = counted_[entry.container->name];
  if (counted.lifecycle.counted_since == WallTime{}) counted.lifecycle.counted_since = now.wall;
  counted.gone_at.reset();
  return counted.lifecycle;
}

void Inventory::forget_old(SteadyTime now) {
  std::erase_if(ghosts_, [&](const auto& ghost) { return now >= ghost.second.until; });
  while (ghosts_.size() > most_ghosts) {
    ghosts_.erase(std::ranges::min_element(ghosts_, {},
                                           [](const auto& ghost) { return ghost.second.until; }));
  }
  std::erase_if(counted_, [&](const auto& named) {
    const auto& gone_at = named.second.gone_at;
    return gone_at && now - *gone_at >= options_.counters_kept_for;
  });
  const auto gone = [](const auto& named) { return named.second.gone_at.has_value(); };
  auto names_gone = static_cast<std::size_t>(std::ranges::count_if(counted_, gone));
  for (; names_gone > most_names_gone; --names_gone) {
    counted_.erase(std::ranges::min_element(counted_, {}, [](const auto& named) {
      return named.second.gone_at.value_or(SteadyTime::max());
    }));
  }
}

}  // namespace tidegauge::monitor
