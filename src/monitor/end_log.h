#pragma once

// Finds the cause of each end of a run, and keeps the latest ends of one Engine.
//
// An end is decided at most 500 ms after its event, because what explains the end may come after
// it: `docker stop` and `docker kill -s TERM` differ only by the event "stop", which follows "die"
// or comes just before it. The decision is counted once. What is observed later corrects the record
// of the end, and nothing that was counted.
//
// Example: "kill" with signal 15, "die" with code 143. 80 ms later "stop": the end is decided as
// `stopped`, as nothing that could still come would change that. The caller takes the decision and
// counts it.
//
// An Engine that ends stops its containers as if it were asked to. So where the Engine was asked
// for the end, somebody has to check whether the Engine is ending itself (`take_engine_check`,
// `engine_checked`), and the decision waits for the answer, at most 2.5 s.
//
// A busy Engine tells of an end seconds after it. So where a kill for memory explains the end only
// if it was sooner, the decision waits for an inspect, which shows the time, at most 5 s.
//
// Not thread-safe: part of Inventory.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "monitor/end_cause.h"
#include "monitor/run_history.h"
#include "tidegauge/model/container.h"
#include "tidegauge/model/run_end.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

class EndLog {
 public:
  /// Keeps the ends of before this start of the daemon, the oldest first.
  void restore(const model::RunEnds& ends);

  // --- what is observed of a container ----------------------------------------------------------

  /// A run begins, after the end of which something may have been waited for.
  void started(const std::string& id, WallTime at);
  void asked_to_kill(const std::string& id, AskedKill kill);
  void stopped(const std::string& id, WallTime at);
  void removed(const std::string& id, WallTime at);
  void killed_for_memory(const std::string& id, MemoryKill kill);
  /// What the run has used until its end.
  void read_finally(const std::string& id, const model::RunUse& use);
  /// An inspect has come after an end: it may show what followed.
  void inspected(const model::Container& container);
  /// The last lines of the log of the run that has ended last.
  void add_log_lines(const std::string& id, std::vector<std::string> lines);

  // --- ends -------------------------------------------------------------------------------------

  /// What is known at an end apart from observations.
  struct Circumstances {
    const model::Container& container;
    std::optional<model::RunUse> last_use{};  ///< by the last sample of the run
    std::string start_error{};  ///< why the Engine could not start it; empty: it could
    /// Whether the Engine itself was ending, or was down, at that time.
    bool with_engine = false;
    bool is_removed = false;   ///< the container is gone as well
    bool is_inspected = true;  ///< false: `container` is what events have told
  };
  /// A run has ended. The event of an end that was known without one completes what is known.
  void ended(const FoundEnd& end, const Circumstances& at_end, SteadyTime now);

  /// Whether an end waits for a check of the Engine that was not asked for yet.
  [[nodiscard]] bool take_engine_check() noexcept { return std::exchange(wants_check_, false); }
  /// The Engine was checked after `asked_at`; `ending`: it is ending.
  void engine_checked(SteadyTime asked_at, bool ending);

  /// The Engine is going down: the ends that wait for their decision are due to that.
  void engine_gone();

  /// When the next end is to be decided; nothing: none waits.
  [[nodiscard]] std::optional<SteadyTime> next_due() const;
  /// The ends that were decided since the last call, those that are due included.
  [[nodiscard]] std::vector<std::shared_ptr<const model::RunEnd>> take_decided(SteadyTime now);

  /// What was seen of the container's last end; null: it has had none.
  [[nodiscard]] const RunObservations* last_seen_of(const std::string& id);
  /// The latest ends, the oldest first. The same object until something has changed.
  [[nodiscard]] std::shared_ptr<const model::RunEnds> latest();

 private:
  /// An end, what is seen of it, and when it is to be decided.
  struct Known {
    model::RunEnd end;
    RunObservations seen;
    SteadyTime found_at{};
    std::optional<SteadyTime> due;  ///< nothing: it is decided
    bool awaits_check = false;      ///< of the Engine
    bool is_checked = false;
    bool awaits_exit_time = false;               ///< by an inspect
    std::shared_ptr<const model::RunEnd> shown;  ///< null until it is decided
  };

  void observe(const std::string& id, const std::function<void(RunObservations&)>& add);
  void observe_after_end(const std::string& id, const std::function<void(RunObservations&)>& add);
  [[nodiscard]] Known* last_end_of(const std::string& id);
  [[nodiscard]] Known* last_end_without_start_of(const std::string& id);
  [[nodiscard]] bool is_event_of_known_end(const std::string& id, const FoundEnd& found);
  [[nodiscard]] RunObservations take_seen(const FoundEnd& found, const Circumstances& at_end);
  void complete(const std::string& id, const FoundEnd& end);
  void drop_oldest();
  void await_check(Known& known);
  void learn_exit_time(Known& known, const model::Container& container);
  void decide_if_told(Known& known);
  void decide(Known& known);
  void update(Known& known);

  std::map<std::string, RunObservations> running_;  ///< by id; of the present runs
  std::deque<Known> ends_;                          ///< in the order in which they were found
  std::vector<std::shared_ptr<const model::RunEnd>> decided_;
  std::size_t undecided_ = 0;  ///< almost always 0: then nobody looks through the ends
  std::uint64_t last_number_ = 0;
  bool wants_check_ = false;
  std::shared_ptr<const model::RunEnds> latest_;  ///< null: to be made
};

}  // namespace tidegauge::monitor
