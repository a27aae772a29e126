#pragma once

// The containers of one Engine as known from a list, inspects and events, and what has happened to
// them. Pure bookkeeping: no thread, no call, no clock of its own, so that tests can drive it
// through every order of events, gaps and answers.
//
// An event changes a container at once, as far as it says how; the inspect that follows fills in
// the rest. An answer to an inspect that was sent before an event is older than what is known, and
// is refused.
//
// Of a container that is not to be watched (src/monitor/container_filter.h) only the state is
// known, as events tell it: it is in the counts by state, and nowhere else.
//
// Not thread-safe: ContainerMonitor keeps it behind a mutex.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/model/error.h"
#include "tidegauge/model/event.h"
#include "tidegauge/model/snapshot.h"
#include "tidegauge/monitor/engine_clock.h"
#include "tidegauge/monitor/event_log.h"
#include "tidegauge/monitor/refresh_rounds.h"
#include "tidegauge/monitor/run_history.h"

namespace tidegauge::monitor {

class Inventory {
 public:
  /// `options` outlives this. A container is sampled by `source` until another is set.
  explicit Inventory(const config::MonitorConfig& options,
                     model::StatsSource source = model::StatsSource::engine)
      : options_(options), source_(source), rounds_(options.reconcile_interval) {}

  /// The actions of containers that `apply` makes use of.
  [[nodiscard]] static const std::vector<std::string>& wanted_actions();

  // --- what the Engine tells -------------------------------------------------------------------

  /// A list of all containers: at the start, or where events may have been lost. Whoever is not on
  /// it is gone; everyone on it is to be inspected.
  void resync(const std::vector<model::ContainerSummary>& list, const Moment& now);

  /// The Engine has said what time it is. Whoever asks it anything that has the answer in it
  /// (`/info`) passes it on, as soon as it is there.
  void record_engine_time(WallTime engine_time, SteadyTime now);
  /// From where on to follow the events, by the Engine's clock. Nothing: from now on; what was
  /// missed until then cannot be told again.
  [[nodiscard]] std::optional<WallTime> follow_from() const { return events_.follow_from(); }
  enum class Effect : std::uint8_t {
    none,
    inspect,  ///< the container is to be inspected
    known     ///< it came before: nothing was lost between it and what comes after
  };
  /// What has happened; counts each event once.
  Effect apply(const model::Event& event, const Moment& now);

  /// What an inspect has to present later to be believed. Nothing: the container is gone.
  [[nodiscard]] std::optional<std::uint64_t> version(const std::string& id) const;
  /// Whether it was believed. One of another container is not.
  bool record_inspected(const std::string& id, std::uint64_t version, model::Container container,
                        const Moment& now);
  /// Nothing: the sample failed. What does not apply to the container is taken out of it.
  void record_sampled(const std::string& id, std::shared_ptr<model::ContainerStats> sample);
  /// Nothing: it could not be measured. Whether that is news.
  bool record_measured(const std::string& id, std::optional<std::uint64_t> bytes, WallTime now);
  /// Where the kernel has shown its cgroup to be. It stands from now on, also when the container
  /// has ended; by the Engine's conventions where it is not known.
  void set_cgroup_path(const std::string& id, const std::string& path);
  /// Who samples it from now on.
  void set_source(const std::string& id, model::StatsSource source);

  /// The run of a container has ended, as others than the Engine show: what the next inspect tells
  /// may have happened without an event.
  void expect_gap(const std::string& id);

  /// A change from readable to not, or back, to be logged.
  struct StateChange {
    std::string name;
    std::optional<Error> failure;
  };
  /// What is asked about a container. Each kind succeeds or fails for itself: a sample by the
  /// kernel's files says nothing of inspects that hang.
  enum class Question : std::uint8_t { inspect, sample };
  /// How a call about a container went. A container that is not found is gone. A connection that is
  /// cut may be the Engine's end: it is the container's failure when it happens twice in a row.
  std::optional<StateChange> record_outcome(const std::string& id, Question question,
                                            const std::optional<Error>& failure, const Moment& now);

  void forget_samples();
  /// The Engine is gone, and with it all that it has measured. Cut connections were its end.
  void forget_engine_samples();

  // --- what is known ---------------------------------------------------------------------------

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool is_watched(const std::string& id) const;
  [[nodiscard]] bool is_inspected(const std::string& id) const;
  /// How many calls of a kind have failed in a row.
  [[nodiscard]] std::uint64_t failures(const std::string& id, Question question) const;
  /// Empty: there is no such container.
  [[nodiscard]] std::string name_of(const std::string& id) const;
  [[nodiscard]] std::vector<std::string> ids() const;
  /// Of those that are watched, or that are not known well enough to say, as where a list shows
  /// another name.
  [[nodiscard]] std::vector<std::string> ids_to_inspect() const;
  /// Of those on `list` that are new, or are otherwise than was known, as far as lists tell.
  [[nodiscard]] std::vector<std::string> ids_that_differ(
      const std::vector<model::ContainerSummary>& list) const;
  /// Of those that the Engine samples.
  [[nodiscard]] std::vector<std::string> ids_to_ask_about() const;
  /// Of those with processes whose writable layer is due to be measured, which they are not any
  /// more then. At most so many that all have their turn once in the interval of that, in cycles of
  /// the other; all, where `every_one` says so.
  [[nodiscard]] std::vector<std::string> take_ids_to_measure(SteadyTime now, bool every_one);
  /// Whose turn it is to be inspected for what changes without an event, which it is not any more
  /// then; see refresh_rounds.h. Asked as often as one likes: it walks through all containers at
  /// most once a second.
  [[nodiscard]] std::optional<std::string> next_to_refresh(SteadyTime now);
  /// Whether a call about each of them has ended, be it in failure.
  [[nodiscard]] bool asked_about_all() const;
  /// Whether it is watched and has processes.
  [[nodiscard]] bool is_sampled(const std::string& id) const;
  [[nodiscard]] bool needs_sample(const std::string& id) const;
  /// Whether it is there and this one samples it.
  [[nodiscard]] bool is_sampled_by(const std::string& id, model::StatsSource source) const;

  /// From one start of a container to its end, as the kernel knows it.
  struct Run {
    int pid = 0;  ///< of its first process, in the Engine's pid namespace
    std::optional<WallTime> started_at;
    bool shares_network = false;
    friend bool operator==(const Run&, const Run&) = default;
  };
  /// Nothing: it does not run, is not watched, or an inspect has still to tell its process.
  [[nodiscard]] std::optional<Run> run_of(const std::string& id) const;

  /// Fills in containers, ghosts and lifecycles, all of them anew, and forgets what is past its
  /// time. While the Engine is down there are only those containers that the kernel shows to live.
  void fill(model::EngineSnapshot& snapshot, const Moment& now);

  model::InventoryStats stats;  ///< whoever opens streams and lists counts here too

 private:
  /// Of the last call of a kind.
  struct Outcome {
    bool failing = false;
    bool stuck = false;
    bool cut = false;            ///< the connection, which may have been the Engine's end
    std::uint64_t failures = 0;  ///< in a row
  };
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
    bool told = false;                 ///< of, by an event
    bool asked = false;                ///< about, with whatever outcome
    bool inspected = false;            ///< successfully
    bool misnamed = false;             ///< by a list, since it was inspected
    std::uint64_t version = 0;         ///< grows with each event
    std::optional<WallTime> ended_at;  ///< the last time, by the Engine's clock
    std::optional<Moment> last_seen;   ///< that moment, once the Engine has told its time
    RunHistory history;
    std::uint64_t collect_errors = 0;
    std::array<Outcome, 2> outcomes;  ///< by Question
  };
  struct Counted {
    model::Lifecycle lifecycle;
    std::optional<SteadyTime> gone_at;  ///< no container has the name any more, since
  };
  struct Ghost {
    model::ContainerRecord record;
    SteadyTime until{};
  };
  using Entries = std::map<std::string, Entry>;

  [[nodiscard]] static bool is_sampled(const Entry& entry);
  [[nodiscard]] static bool is_failing(const Entry& entry);
  Entry& entry(model::Container first, const Moment& now);
  void update_watched(Entry& entry, const Moment& now);
  void change(Entry& entry, const std::function<void(model::Container&)>& how);
  void set_initial_name(Entry& entry, const std::string& name, const Moment& now);
  void rename(Entry& entry, const std::string& name, const Moment& now);
  void remove(Entries::iterator gone, const Moment& now);
  void leave_name(const std::string& name, const Moment& now);
  [[nodiscard]] const Entry* watched_as(const std::string& name) const;
  model::Lifecycle& counts_of(const Entry& entry, const Moment& now);
  void forget_old(SteadyTime now);
  void describe(Entry& entry, const Moment& now, model::ContainerRecord& record) const;

  const config::MonitorConfig& options_;
  const model::StatsSource source_;
  Entries entries_;                         // by id
  std::map<std::string, Counted> counted_;  // by name
  model::Lifecycle uncounted_;              // of those that are not watched
  std::map<std::string, Ghost> ghosts_;     // by name
  EventLog events_;
  EngineClock clock_;
  RefreshRounds rounds_;
  std::optional<model::EngineInfo> info_;  // of the last snapshot of an Engine that was up
};

}  // namespace tidegauge::monitor
