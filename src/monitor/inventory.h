#pragma once

// The containers of one Engine, as a list, inspects and events describe them, and the counters of
// what has happened to them. Pure bookkeeping: no thread, no call, no clock of its own, so that
// tests can drive it through every order of events, gaps and answers.
//
// An event changes a container at once, as far as the event describes the change; an inspect fills
// in the rest. The answer to an inspect that was sent before the latest event is older than what
// the inventory knows, so the inventory refuses it:
//
//   const auto version = inventory.version(id);         // 7
//   ...                                                 // "die" arrives: version 8
//   inventory.record_inspected(id, 7, answer, now);     // false: inspect again
//
// For a container that is not watched (container_filter.h) the inventory follows only the state, as
// events tell it: the container is in the counts by state, and nowhere else.
//
// Not thread-safe: EngineState keeps it behind a mutex.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "monitor/call_outcomes.h"
#include "monitor/end_log.h"
#include "monitor/engine_clock.h"
#include "monitor/event_log.h"
#include "monitor/ghosts.h"
#include "monitor/lifecycle_counters.h"
#include "monitor/refresh_rounds.h"
#include "monitor/run_history.h"
#include "monitor/start_attempts.h"
#include "tidegauge/config/config.h"
#include "tidegauge/model/event.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/monitor/container_log.h"
#include "tidegauge/monitor/restored_state.h"

namespace tidegauge::monitor {

class Inventory {
 public:
  /// `options` outlives the inventory; see `options_changed`. Containers are sampled by `source`
  /// until `set_source`.
  explicit Inventory(const config::MonitorConfig& options,
                     model::StatsSource source = model::StatsSource::engine)
      : options_(options),
        source_(source),
        counters_(options.counters_kept_for),
        ghosts_(options.ghost_window),
        rounds_(options.reconcile_interval) {}

  /// The actions of containers that `apply` handles: the Engine is asked for no others.
  [[nodiscard]] static std::vector<std::string> wanted_actions();

  /// Before anything else: what an earlier daemon knew.
  void restore(const RestoredState& state, const Moment& now);

  /// The options that the constructor was given have changed: applies them to all that is known.
  /// Returns the containers that are newly watched and hence to be inspected. A container that is
  /// not watched any more leaves the snapshots; its counters go on where it is watched again within
  /// options.counters_kept_for.
  [[nodiscard]] std::vector<std::string> options_changed(const Moment& now);
  /// All containers, known and new, are sampled by `source` until `set_source`.
  void set_source_of_all(model::StatsSource source);

  // --- what the Engine tells -------------------------------------------------------------------

  /// A list of all containers, at the start or where events may have been lost. Containers that are
  /// not on the list are gone.
  void resync(const std::vector<model::ContainerSummary>& list, const Moment& now);

  /// The Engine has told its time, in the answer to `/info`.
  void record_engine_time(WallTime engine_time, SteadyTime now);
  /// The time of the Engine's clock from which to ask for events. Nothing: from now on, because
  /// events from before cannot be had again.
  [[nodiscard]] std::optional<WallTime> follow_from() const { return events_.follow_from(); }

  enum class Effect : std::uint8_t {
    none,
    inspect,  ///< the container is to be inspected
    known     ///< the event was applied before: none was lost between that time and this
  };
  /// Applies an event, and counts it once however often the Engine tells it.
  Effect apply(const model::Event& event, const Moment& now);

  /// The number that the answer to an inspect sent now must present. Nothing: no such container.
  [[nodiscard]] std::optional<std::uint64_t> version(const std::string& id) const;
  /// The answer to an inspect. False where it is refused: it is out of date, or about another
  /// container.
  bool record_inspected(const std::string& id, std::uint64_t version, model::Container container,
                        const Moment& now);
  /// A sample; null where it failed. What does not apply to the container is taken out of it.
  void record_sampled(const std::string& id, std::shared_ptr<model::ContainerStats> sample);
  /// The size of the writable layer; nothing where it could not be measured. Returns whether the
  /// layer has become measurable, or has stopped being so.
  bool record_measured(const std::string& id, std::optional<std::uint64_t> bytes, WallTime now);
  /// The cgroup in which the kernel shows the container. The path is kept when the container ends;
  /// without this call it follows the Engine's conventions.
  void set_cgroup_path(const std::string& id, const std::string& path);
  /// What samples the container from now on.
  void set_source(const std::string& id, model::StatsSource source);

  /// The kernel shows that the run of a container has ended: the next inspect may find changes of
  /// which no event told.
  void expect_gap(const std::string& id);

  /// A container has become readable, or has stopped being so: to be logged.
  struct StateChange {
    std::string name;
    std::optional<Error> failure;
  };
  /// How a call about a container went. A container that is not found is gone.
  std::optional<StateChange> record_outcome(const std::string& id, CallKind kind,
                                            const std::optional<Error>& failure, const Moment& now);

  void forget_samples();
  /// The Engine is down: the samples that it measured are out of date.
  void forget_engine_samples();
  /// The Engine itself has ended, and all containers that run now will end with it.
  void engine_gone(SteadyTime now);
  void engine_up(SteadyTime now);
  /// Whether the Engine is to be asked, once, whether it is ending.
  [[nodiscard]] bool take_engine_check() noexcept { return ends_.take_engine_check(); }
  void engine_checked(SteadyTime asked_at, bool ending, const Moment& now);

  // --- what the kernel tells -------------------------------------------------------------------

  /// The kernel has killed processes of the container for memory.
  void record_memory_kill(const std::string& id, MemoryKill kill);
  /// What the run of the container has used until its end.
  void record_final_use(const std::string& id, const model::RunUse& use);

  /// Paths of cgroups that are made by the driver's conventions follow the driver.
  void learn_cgroup_driver(const std::optional<model::EngineInfo>& info);

  // --- logs ------------------------------------------------------------------------------------

  /// Which lines of the container's log to read now that its run has ended; nothing: none.
  [[nodiscard]] std::optional<LastLinesQuery> exit_log_query(const std::string& id);
  void record_exit_log(const std::string& id, std::vector<std::string> lines);

  // --- what is due -----------------------------------------------------------------------------

  /// When `take_due` has something to do; nothing: not until something happens.
  [[nodiscard]] std::optional<SteadyTime> next_due() const;
  struct Due {
    bool changed = false;                 ///< an end was decided
    std::vector<std::string> to_inspect;  ///< as their start may have failed
  };
  /// Decides and counts the ends of runs that have waited long enough, see end_log.h.
  [[nodiscard]] Due take_due(const Moment& now);

  // --- what is known ---------------------------------------------------------------------------

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool is_watched(const std::string& id) const;
  [[nodiscard]] bool is_inspected(const std::string& id) const;
  /// How many calls of a kind have failed in a row.
  [[nodiscard]] std::uint64_t failures(const std::string& id, CallKind kind) const;
  /// Empty: no such container.
  [[nodiscard]] std::string name_of(const std::string& id) const;
  [[nodiscard]] std::vector<std::string> ids() const;
  /// The containers that are watched, and those about which too little is known to decide, such as
  /// one that a list shows under another name.
  [[nodiscard]] std::vector<std::string> ids_to_inspect() const;
  /// The containers on `list` that are new or have changed, as far as a list shows changes.
  [[nodiscard]] std::vector<std::string> ids_that_differ(
      const std::vector<model::ContainerSummary>& list) const;
  [[nodiscard]] std::vector<std::string> ids_sampled_by_engine() const;
  /// Picks the containers whose writable layer is due and marks them as measured now: at most
  /// ceil(n * interval / filesystem_interval) of them, or all of them with `every_one`.
  [[nodiscard]] std::vector<std::string> take_ids_to_measure(SteadyTime now, bool every_one);
  /// Picks the container whose turn it is to be inspected for changes that come without an event
  /// (refresh_rounds.h) and marks it as inspected now. Looks at all containers at most once a
  /// second, however often it is called.
  [[nodiscard]] std::optional<std::string> next_to_refresh(SteadyTime now);
  /// Whether a call about each container has ended, be it in failure.
  [[nodiscard]] bool asked_about_all() const;
  /// Whether the container is watched and has processes.
  [[nodiscard]] bool is_sampled(const std::string& id) const;
  [[nodiscard]] bool needs_sample(const std::string& id) const;
  [[nodiscard]] bool is_sampled_by(const std::string& id, model::StatsSource source) const;

  /// From one start of a container to its end, as the kernel knows it.
  struct Run {
    int pid = 0;  ///< of its first process, in the Engine's pid namespace
    std::optional<WallTime> started_at;
    bool shares_network = false;
    friend bool operator==(const Run&, const Run&) = default;
  };
  /// Nothing: the container does not run, is not watched, or an inspect has yet to tell its
  /// process.
  [[nodiscard]] std::optional<Run> run_of(const std::string& id) const;

  /// Where the kernel shows the container while it runs; nothing: it is not watched, or no inspect
  /// has shown it.
  [[nodiscard]] std::optional<std::string> cgroup_path_of(const std::string& id) const;

  /// Writes containers, ghosts, lifecycles and `stats` over those of `snapshot`, and drops what is
  /// past its time. While the Engine is down (`snapshot.up`), only the containers that the kernel
  /// shows to live are written.
  void write_snapshot(model::EngineSnapshot& snapshot, const Moment& now);

  void count_stream() noexcept { ++stats_.streams_opened; }
  [[nodiscard]] std::uint64_t streams_opened() const noexcept { return stats_.streams_opened; }

 private:
  struct Entry {
    std::shared_ptr<const model::Container> container;
    std::string cgroup_path;         ///< empty: to be made
    bool cgroup_path_known = false;  ///< the kernel has shown it
    std::shared_ptr<const model::ContainerStats> sample;
    std::optional<model::WritableLayer> layer;
    std::optional<SteadyTime> measured;  ///< or asked for
    SteadyTime refreshed{};              ///< inspected, or to be
    bool unmeasurable = false;
    bool watched = false;
    model::StatsSource source{};
    bool seen_event = false;
    bool has_answer = false;           ///< of a call about the container, with whatever outcome
    bool inspected = false;            ///< successfully
    bool misnamed = false;             ///< by a list, since the container was inspected
    std::uint64_t version = 0;         ///< grows with each event
    std::optional<WallTime> ended_at;  ///< the last time, by the Engine's clock
    std::optional<Moment> last_seen;   ///< that moment, once the Engine has told its time
    RunHistory history;
    StartAttempts starts;
    std::optional<WallTime> oom_at;  ///< an event of a kill for memory, yet to be explained
    std::uint64_t limit_hits = 0;    ///< before that
    CallOutcomes outcomes;
  };
  using Entries = std::map<std::string, Entry>;
  struct Occurrence;
  struct Action;
  /// The Engine itself had ended.
  struct Outage {
    WallTime gone_at{};
    std::optional<WallTime> up_at;  ///< nothing: it still is
  };

  static const std::vector<Action>& actions();
  [[nodiscard]] static std::optional<std::uint64_t> limit_hits(const model::ContainerStats* sample);
  [[nodiscard]] static bool is_sampled(const Entry& entry);

  // Handlers of events; each says whether the container is to be inspected.
  bool inspect_it(const Occurrence& occurrence);
  bool count_only(const Occurrence& occurrence);
  bool created(const Occurrence& occurrence);
  bool asked_to_kill(const Occurrence& occurrence);
  bool stopped(const Occurrence& occurrence);
  bool started(const Occurrence& occurrence);
  bool died(const Occurrence& occurrence);
  bool ran_out_of_memory(const Occurrence& occurrence);
  bool paused(const Occurrence& occurrence);
  bool unpaused(const Occurrence& occurrence);
  bool health_changed(const Occurrence& occurrence);
  bool renamed(const Occurrence& occurrence);

  Effect apply_network(const model::Event& event, const Moment& now);
  void find_ends(Entry& entry, const Moment& now, std::optional<model::RunUse> last_use = {});
  void schedule_start_check(const std::string& id, const Entry& entry);
  void find_failed_starts(Entry& entry, const model::Container& container, const Moment& now);
  void lose_end(const Entry& entry, const Moment& now);
  void explain_memory_kill(Entry& entry, const model::ContainerStats& sample);
  bool count_ends(const Moment& now);
  [[nodiscard]] bool is_end_of_engine(const FoundEnd& end, bool told) const;
  Entry& entry(model::Container first, const Moment& now);
  void update_watched(Entry& entry, const Moment& now);
  void change(Entry& entry, const std::function<void(model::Container&)>& how);
  void set_initial_name(Entry& entry, const std::string& name, const Moment& now);
  void rename(Entry& entry, const std::string& name, const Moment& now);
  void remove(Entries::iterator gone, const Moment& now);
  void leave_name(const std::string& name, const Moment& now);
  [[nodiscard]] bool is_watched_name(const std::string& name) const;
  model::Lifecycle& counts_of(const Entry& entry, const Moment& now);
  void write_record(Entry& entry, const Moment& now, model::ContainerRecord& record) const;

  const config::MonitorConfig& options_;
  model::StatsSource source_;
  Entries entries_;  // by id
  LifecycleCounters counters_;
  Ghosts ghosts_;
  EventLog events_;
  EndLog ends_;
  EngineClock clock_;
  RefreshRounds rounds_;
  /// When to look at which container, as its start may have failed. One that has started since is
  /// left alone when its time comes.
  std::multimap<SteadyTime, std::string> start_checks_;
  model::InventoryStats stats_;
  std::optional<model::EngineInfo> info_;  // of the last snapshot of an Engine that was up
  std::deque<Outage> outages_;             // the latest ones: an end may be found after several
};

}  // namespace tidegauge::monitor
