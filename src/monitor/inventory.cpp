#include "monitor/inventory.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "monitor/cgroup_path.h"
#include "monitor/container_events.h"
#include "monitor/container_filter.h"

namespace tidegauge::monitor {

using model::Container;
using model::ContainerState;
using namespace std::chrono_literals;

void Inventory::resync(const std::vector<model::ContainerSummary>& list, const Moment& now) {
  const bool first = stats_.lists++ == 0;
  std::set<std::string> listed;
  for (const auto& summary : list) {
    listed.insert(summary.id);
    const bool known = entries_.contains(summary.id);
    auto& known_or_new = entry(described_by(summary), now);
    if (!first && (!known || known_or_new.container->state != summary.state)) ++stats_.drift;
    if (known_or_new.container->name != summary.name) {
      // A list may show the name by which another container links to it.
      known_or_new.misnamed = known_or_new.inspected || known_or_new.seen_event;
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
    ++stats_.drift;
    remove(current, now);
  }
}

void Inventory::record_engine_time(WallTime engine_time, SteadyTime now) {
  clock_.set(engine_time, now);
  events_.begin(engine_time);
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
  if (entry.inspected || entry.seen_event) {
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
  entry.inspected = entry.has_answer = true;
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
                                                                CallKind kind,
                                                                const std::optional<Error>& failure,
                                                                const Moment& now) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  if (failure && failure->code == Errc::not_found) {
    remove(found, now);
    return std::nullopt;
  }
  auto& entry = found->second;
  entry.has_answer = true;
  if (!entry.watched) return std::nullopt;
  if (failure && failure->code == Errc::engine_down) return std::nullopt;  // nobody was asked
  const bool was_failing = entry.outcomes.is_failing();
  if (!entry.outcomes.record(kind, failure ? &*failure : nullptr)) return std::nullopt;
  if (!is_sampled(entry)) entry.outcomes.forget(CallKind::sample);  // it has ended
  if (entry.outcomes.is_failing() == was_failing) return std::nullopt;
  return StateChange{.name = entry.container->name, .failure = failure};
}

void Inventory::forget_samples() {
  for (auto& [id, entry] : entries_) entry.sample.reset();
}

void Inventory::forget_engine_samples() {
  for (auto& [id, entry] : entries_) {
    const bool engines = entry.sample && entry.sample->source == model::StatsSource::engine;
    if (engines) entry.sample.reset();
    entry.outcomes.forget_cuts();
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

std::uint64_t Inventory::failures(const std::string& id, CallKind kind) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? 0 : found->second.outcomes.failures(kind);
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

std::vector<std::string> Inventory::ids_sampled_by_engine() const {
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
  return std::ranges::all_of(entries_, [](const auto& named) { return named.second.has_answer; });
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

void Inventory::write_snapshot(model::EngineSnapshot& snapshot, const Moment& now) {
  if (snapshot.up) {
    learn_cgroup_driver(snapshot.info);
    ghosts_.drop_expired(now.steady);
    counters_.drop_expired(now.steady);
  }
  snapshot.inventory = stats_;
  snapshot.containers_by_state = {};
  std::size_t written = 0;
  snapshot.containers.resize(entries_.size());
  for (auto& [id, entry] : entries_) {
    if (snapshot.up) {
      ++snapshot.containers_by_state[static_cast<std::size_t>(entry.container->state)];
    }
    if (!entry.watched || (!snapshot.up && !entry.sample)) continue;
    auto& record = snapshot.containers[written++];
    write_record(entry, now, record);
    record.state_known = snapshot.up;
    if (!snapshot.up) record.last_seen = entry.sample->read_at;
  }
  snapshot.containers.resize(written);
  std::ranges::sort(snapshot.containers, {}, [](const model::ContainerRecord& record) {
    return std::tie(record.container->name, record.container->id);
  });
  if (snapshot.up) {
    ghosts_.write(snapshot.ghosts);
    counters_.write(snapshot.lifecycles);
  } else {
    snapshot.ghosts.clear();
    snapshot.lifecycles.clear();
  }
}

/// Paths that are made by the driver's conventions follow it.
void Inventory::learn_cgroup_driver(const std::optional<model::EngineInfo>& info) {
  const auto driver = [](const auto& from) { return from ? from->cgroup_driver : ""; };
  if (driver(info_) != driver(info)) {
    for (auto& [id, entry] : entries_) {
      if (!entry.cgroup_path_known) entry.cgroup_path.clear();
    }
  }
  info_ = info;
}

void Inventory::write_record(Entry& entry, const Moment& now,
                             model::ContainerRecord& record) const {
  if (entry.cgroup_path.empty()) entry.cgroup_path = cgroup_path(*entry.container, info_);
  record.container = entry.container;
  record.cgroup_path = entry.cgroup_path;
  record.stats = entry.sample;
  // It takes until the Engine has told its time to say how long ago.
  if (!entry.last_seen && entry.ended_at) {
    entry.last_seen = clock_.moment_of(*entry.ended_at, now);
  }
  record.last_seen.reset();
  record.collect_errors = entry.outcomes.errors();
  record.stuck = entry.outcomes.is_stuck();
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

/// Decides whether the container is watched, from what is known about it now. One that is watched
/// takes the place of the ghost of its name; one that is not watched any more leaves nothing.
void Inventory::update_watched(Entry& entry, const Moment& now) {
  const auto& name = entry.container->name;
  const bool before = std::exchange(entry.watched, monitor::is_watched(*entry.container, options_));
  if (entry.watched) {
    ghosts_.drop(name);
    counts_of(entry, now);
  } else if (before) {
    entry.sample.reset();
    if (!is_watched_name(name)) counters_.drop(name);
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
  if (entry.watched) counters_.rename(old, name);
  change(entry, [&](Container& container) { container.name = name; });
  update_watched(entry, now);
  leave_name(old, now);
}

/// One container less has the name. Where another one has it, its counters start anew.
void Inventory::leave_name(const std::string& name, const Moment& now) {
  if (is_watched_name(name)) {
    counters_.of(name, now);
  } else {
    counters_.retire(name, now);
  }
}

bool Inventory::is_watched_name(const std::string& name) const {
  return std::ranges::any_of(entries_, [&](const auto& named) {
    return named.second.watched && named.second.container->name == name;
  });
}

void Inventory::remove(Entries::iterator gone, const Moment& now) {
  auto entry = std::move(gone->second);
  entries_.erase(gone);
  const auto& name = entry.container->name;
  // The inspect of a new container of the name may be ahead of this event.
  if (!entry.watched || is_watched_name(name)) return;
  counters_.retire_with_zeros(name, now);
  if (!ghosts_.are_kept()) return;
  const bool runs = model::has_processes(entry.container->state);
  model::ContainerRecord record;
  write_record(entry, now, record);
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
  ghosts_.add(std::move(record), now.steady);
}

/// Where the events of a container are counted.
model::Lifecycle& Inventory::counts_of(const Entry& entry, const Moment& now) {
  return entry.watched ? counters_.of(entry.container->name, now) : counters_.of_unwatched();
}

}  // namespace tidegauge::monitor
