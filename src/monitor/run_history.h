#pragma once

// Finds the restarts, ends and out-of-memory kills of one container, each once, from two sources:
// events come in order but may be lost, and inspects show the present state and may be ahead of the
// events. Conclusions from the order of events do not depend on times; where times are compared,
// all of them are by the Engine's clock.
//
// - A start after an end is a restart, and so is one after a start, whose end was lost.
// - Where an inspect alone has shown a container to run, its next start may be the late event of
//   that run, or of one before it. It may also be another run, where the end of the first was lost,
//   as when the Engine itself was restarted. The next inspect tells: a run is known by its
//   `StartedAt`.
// - After a gap an inspect that shows another run, or the end of the known one, tells what was
//   missed: that is counted, and its events, should they still come, are not. The event of such an
//   end still tells more about the end.
// - An inspect that shows `OOMKilled` for the first time in a run is news of a kill if no event
//   told of one, and either the run has ended by SIGKILL and that end was counted, or it goes on
//   and there was a gap. Else it may tell of a child that was killed hours ago: Engines before 25
//   show that at the end of the run, later ones at once.
//
// Not thread-safe: part of Inventory.

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "tidegauge/model/container.h"
#include "tidegauge/model/lifecycle.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

/// The end of a run.
struct FoundEnd {
  enum class By : std::uint8_t {
    event,
    inspect,    ///< or the start of another run: no event has told of the end
    late_event  ///< not a further end: the event of the oldest one that no event had told of
  };
  By by{};
  WallTime at{};                 ///< or not later, if there is no exit code
  std::optional<int> exit_code;  ///< nothing: lost
  std::optional<WallTime> started_at;
};

class RunHistory {
 public:
  // --- what events tell, in their order ---------------------------------------------------------

  /// Returns whether the start is new: no inspect has shown that run before.
  bool started(WallTime at, model::Lifecycle& counts);
  /// Without an exit code the end is found when the next inspect shows the code.
  void ended(WallTime at, std::optional<int> exit_code, model::Lifecycle& counts);
  void out_of_memory(WallTime at, model::Lifecycle& counts);

  // --- what inspects show -----------------------------------------------------------------------

  /// Events may have been lost: what the next inspect shows is compared with what is known.
  void expect_gap() noexcept { gap_ = was_inspected_; }
  /// The answer to an inspect that was sent after the last event. `before`: what was known until
  /// then; `engine_now`: the present by the Engine's clock, if known.
  void inspected(const model::Container& container, const model::Container& before,
                 std::optional<WallTime> engine_now, model::Lifecycle& counts);

  /// The ends that were found since the last call.
  [[nodiscard]] std::vector<FoundEnd> take_ends() { return std::exchange(ends_, {}); }

 private:
  enum class End : std::uint8_t {
    none,
    found,   ///< by the first inspect: it was before anything was counted
    untold,  ///< by an event without its exit code, which the next inspect is to show
    counted
  };
  /// A run, as far as it is known and counted.
  struct Run {
    std::optional<WallTime> started_at;  ///< as inspects show it if `exact`, else the event's time
    bool exact = false;
    bool told = false;         ///< its start, by an event
    bool has_earlier = false;  ///< a run before it, as the first inspect has shown
    End end = End::none;
    std::optional<WallTime> ended_at;  ///< as an event has told
    bool oom = false;  ///< has had a kill that was counted, or was before anything was
  };

  void restart(model::Lifecycle& counts) noexcept;
  void add_end(FoundEnd::By by, WallTime at, std::optional<int> exit_code,
               model::Lifecycle& counts);
  void add_lost_end(const Run& run, WallTime next_start);
  [[nodiscard]] bool is_late_end(WallTime at);
  [[nodiscard]] bool is_late_start(WallTime at);
  void catch_up(WallTime at);
  [[nodiscard]] Run& latest() { return found_run_ ? *found_run_ : run_; }
  void settle(const model::Container* container, model::Lifecycle& counts);
  void find_first(const model::Container& container);
  [[nodiscard]] bool is_another_run(const model::Container& container) const;
  void find_missed(const model::Container& container, const model::Container& before,
                   model::Lifecycle& counts);
  void find_lost_ends(std::uint64_t restarts, const model::Container& container);
  void find_oom(const model::Container& container, bool after_gap,
                std::optional<WallTime> engine_now, model::Lifecycle& counts);

  Run run_;  ///< the latest that events have told of, or that the first inspect has shown
  bool was_inspected_ = false;
  bool gap_ = false;
  std::uint64_t restarts_since_inspect_ = 0;
  /// A start was told that may be that of a run already known, which is this one: the next inspect
  /// tells.
  std::optional<Run> doubted_;

  // What was counted by an inspect, and its events may still come.
  std::optional<Run> found_run_;      ///< later than `run_`
  std::uint64_t found_restarts_ = 0;  ///< before that of `found_run_`
  std::uint64_t lost_ends_ = 0;       ///< likewise
  std::optional<WallTime> found_end_;
  std::optional<WallTime> found_oom_;  ///< its event is not later than this

  std::vector<FoundEnd> ends_;
};

}  // namespace tidegauge::monitor
