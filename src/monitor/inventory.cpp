#include "monitor/inventory.h"

#include <algorithm>
#include <cstddef>
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

namespace {

/// An Engine that ends gives its containers this long, and a new one takes as long to find them.
constexpr auto stopping_takes = 20s;
constexpr std::size_t most_outages = 8;

/// Whether a sample tells of each hit of the container's own memory limit. With cgroup v1 memory
/// and swap together have a limit of their own, whose hits nobody reads. Where the two limits are
/// the same, that one is hit first.
bool tells_all_hits(const Container& container, const model::ContainerStats& sample) {
  const auto& limits = container.limits;
  return sample.memory->events.oom || !limits.memory_bytes ||
         limits.memory_swap_bytes != limits.memory_bytes;
}

}  // namespace

void Inventory::restore(const RestoredState& state, const Moment& now) {
  ends_.restore(state.ends);
  if (state.followed_until) events_.resume_after(*state.followed_until);
  for (const auto& [name, lifecycle] : state.lifecycles) counters_.restore(name, lifecycle, now);
}

std::vector<std::string> Inventory::options_changed(const Moment& now) {
  counters_.keep_for(options_.counters_kept_for);
  ghosts_.keep_for(options_.ghost_window);
  rounds_.set_interval(options_.reconcile_interval);
  std::vector<std::string> newly_watched;
  for (auto& [id, entry] : entries_) {
    if (options_.filesystem_interval.count() == 0) {
      entry.layer.reset();
      entry.measured.reset();
    }
    const bool before = entry.watched;
    update_watched(entry, now);
    if (entry.watched && !before) newly_watched.push_back(id);
  }
  ghosts_.drop_unwatched(
      [&](const Container& container) { return monitor::is_watched(container, options_); },
      [&](const std::string& name) {
        if (!is_watched_name(name)) counters_.hide(name, now);
      });
  return newly_watched;
}

void Inventory::set_source_of_all(model::StatsSource source) {
  source_ = source;
  for (auto& [id, entry] : entries_) entry.source = source;
}

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
  count_ends(now);
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
  find_ends(entry, now);
  find_failed_starts(entry, container, now);
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
  if (entry.watched) ends_.inspected(*entry.container);
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
  explain_memory_kill(entry, *sample);
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
    // The kernel may have sampled it before the Engine was to.
    const bool engines = entry.sample && (entry.sample->source == model::StatsSource::engine ||
                                          entry.source == model::StatsSource::engine);
    if (engines) entry.sample.reset();
    entry.outcomes.forget_cuts();
  }
}

void Inventory::engine_gone(SteadyTime now) {
  const bool is_known = !outages_.empty() && !outages_.back().up_at;
  if (const auto at = clock_.now(now); at && !is_known) outages_.push_back({.gone_at = *at});
  if (outages_.size() > most_outages) outages_.pop_front();
  ends_.engine_gone();
}

void Inventory::engine_up(SteadyTime now) {
  if (!outages_.empty() && !outages_.back().up_at) outages_.back().up_at = clock_.now(now);
}

void Inventory::engine_checked(SteadyTime asked_at, bool ending, const Moment& now) {
  ends_.engine_checked(asked_at, ending);
  count_ends(now);
}

std::optional<LastLinesQuery> Inventory::exit_log_query(const std::string& id) {
  const auto* const seen = ends_.last_seen_of(id);
  if (options_.exit_log_lines == 0 || seen == nullptr) return std::nullopt;
  return LastLinesQuery{.id = id,
                        .lines = options_.exit_log_lines,
                        .started_at = seen->started_at,
                        .ended_at = seen->ended_at};
}

void Inventory::record_exit_log(const std::string& id, std::vector<std::string> lines) {
  ends_.add_log_lines(id, std::move(lines));
}

void Inventory::record_memory_kill(const std::string& id, MemoryKill kill) {
  if (is_watched(id)) ends_.killed_for_memory(id, std::move(kill));
}

void Inventory::record_final_use(const std::string& id, const model::RunUse& use) {
  if (is_watched(id)) ends_.read_finally(id, use);
}

std::optional<SteadyTime> Inventory::next_due() const {
  const auto next = ends_.next_due();
  if (start_checks_.empty()) return next;
  const auto next_check = start_checks_.begin()->first;
  return std::min(next.value_or(next_check), next_check);
}

Inventory::Due Inventory::take_due(const Moment& now) {
  Due due;
  const auto first_later = start_checks_.upper_bound(now.steady);
  for (auto check = start_checks_.begin(); check != first_later; ++check) {
    const auto known = entries_.find(check->second);
    if (known == entries_.end() || known->second.starts.check_at() != check->first) continue;
    known->second.starts.checked();
    due.to_inspect.push_back(known->first);
  }
  start_checks_.erase(start_checks_.begin(), first_later);
  due.changed = count_ends(now);
  return due;
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

std::optional<std::string> Inventory::cgroup_path_of(const std::string& id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end() || !found->second.watched) return std::nullopt;
  const auto& entry = found->second;
  return entry.cgroup_path.empty() ? cgroup_path(*entry.container, info_) : entry.cgroup_path;
}

void Inventory::write_snapshot(model::EngineSnapshot& snapshot, const Moment& now) {
  if (snapshot.up) {
    learn_cgroup_driver(snapshot.info);
    ghosts_.drop_expired(now.steady);
    counters_.drop_expired(now.steady);
  }
  snapshot.ends = ends_.latest();
  snapshot.followed_until = events_.last();
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
/// takes the place of the ghost of its name; one that is not watched any more leaves nothing that
/// is shown.
void Inventory::update_watched(Entry& entry, const Moment& now) {
  const auto& name = entry.container->name;
  const bool before = std::exchange(entry.watched, monitor::is_watched(*entry.container, options_));
  if (entry.watched) {
    ghosts_.drop(name);
    counts_of(entry, now);
  } else if (before) {
    entry.sample.reset();
    if (!is_watched_name(name)) counters_.hide(name, now);
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
  if (entry.watched) {
    lose_end(entry, now);
    ends_.removed(entry.container->id, clock_.now(now.steady).value_or(now.wall));
  }
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

// --- ends ---------------------------------------------------------------------------------------

/// Passes on the ends that the history of the container has found.
void Inventory::find_ends(Entry& entry, const Moment& now, std::optional<model::RunUse> last_use) {
  for (const auto& end : entry.history.take_ends()) {
    if (!entry.watched) continue;
    const bool told = end.by != FoundEnd::By::inspect;
    ends_.ended(end,
                {.container = *entry.container,
                 .last_use = std::exchange(last_use, {}),
                 .with_engine = is_end_of_engine(end, told),
                 .is_inspected = entry.inspected},
                now.steady);
    entry.oom_at.reset();
  }
}

void Inventory::schedule_start_check(const std::string& id, const Entry& entry) {
  if (const auto at = entry.starts.check_at()) start_checks_.emplace(*at, id);
}

void Inventory::find_failed_starts(Entry& entry, const Container& container, const Moment& now) {
  auto failures = entry.starts.inspected(*entry.container, container, entry.seen_event);
  if (!entry.watched) return;
  const auto at = clock_.now(now.steady).value_or(now.wall);
  for (; failures > 0; --failures) {
    ends_.ended({.by = FoundEnd::By::event, .at = at, .exit_code = container.exit_code},
                {.container = container, .start_error = container.start_error}, now.steady);
  }
}

/// A container is gone whose last end, or whose failure to start, nobody has explained.
void Inventory::lose_end(const Entry& entry, const Moment& now) {
  const auto at = clock_.now(now.steady).value_or(now.wall);
  const bool runs = entry.inspected && model::has_processes(entry.container->state);
  if (!runs && entry.starts.unexplained() == 0) return;
  const FoundEnd lost{
      .by = FoundEnd::By::inspect, .at = at, .started_at = entry.container->started_at};
  ends_.ended(lost,
              {.container = *entry.container,
               .with_engine = is_end_of_engine(lost, false),
               .is_removed = true,
               .is_inspected = entry.inspected},
              now.steady);
}

/// Whether a run has ended because its Engine did. An Engine that ends stops its containers before
/// it goes itself; one that was killed leaves that to its successor, which stops them before it is
/// up, and may tell of that afterwards. The successor's own runs end otherwise.
bool Inventory::is_end_of_engine(const FoundEnd& end, bool told) const {
  return std::ranges::any_of(outages_, [&](const Outage& outage) {
    if (end.started_at > outage.gone_at) return false;
    if (told) return !outage.up_at || end.at <= *outage.up_at;
    return end.at >= outage.gone_at - stopping_takes &&
           (!outage.up_at || end.at <= *outage.up_at + stopping_takes);
  });
}

void Inventory::explain_memory_kill(Entry& entry, const model::ContainerStats& sample) {
  const auto hits = limit_hits(&sample);
  if (!entry.oom_at || !hits) return;
  const auto at = *std::exchange(entry.oom_at, std::nullopt);
  const bool was_hit = *hits > entry.limit_hits;
  if (!was_hit && !tells_all_hits(*entry.container, sample)) return;
  ends_.killed_for_memory(
      entry.container->id,
      {.at = at, .source = model::Evidence::Source::kernel, .own_limit = was_hit});
}

/// Before the first sample, the limit was not hit.
std::optional<std::uint64_t> Inventory::limit_hits(const model::ContainerStats* sample) {
  return sample != nullptr && sample->memory ? model::limit_hits(*sample->memory) : std::nullopt;
}

/// Counts each end that is decided, for the name that its container has now, or had last. What is
/// decided at once is counted before anybody else can have the name. Returns whether there was any.
bool Inventory::count_ends(const Moment& now) {
  const auto decided = ends_.take_decided(now.steady);
  for (const auto& end : decided) {
    const auto known = entries_.find(end->id);
    if (known != entries_.end()) {
      model::count_end(*end, counts_of(known->second, now));
    } else if (auto* const counts = counters_.find(end->name)) {
      model::count_end(*end, *counts);
    }
  }
  return !decided.empty();
}

/// Where the events of a container are counted.
model::Lifecycle& Inventory::counts_of(const Entry& entry, const Moment& now) {
  return entry.watched ? counters_.of(entry.container->name, now) : counters_.of_unwatched();
}

}  // namespace tidegauge::monitor
