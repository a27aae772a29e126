#pragma once

// Decides why a run of a container has ended, from what was observed about the run. The rules are a
// table in end_cause.cpp; docs/exits.md shows the same table to users, and a test compares them.
//
// Example: exit code 137, and the Engine was asked for nothing. The kernel had killed one process
// for memory 20 ms before, when the container was at its own limit: the cause is `oom`. The same
// exit code with the Engine's event "kill" of signal 9 before it is `killed`.
//
// Pure functions and plain values. Times are by the Engine's clock.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/model/run_end.h"
#include "tidegauge/util/time.h"

namespace tidegauge::monitor {

/// The Engine was asked to send a signal.
struct AskedKill {
  WallTime at{};
  int signal = 0;
};

/// Somebody has told that processes of the container were killed for memory.
struct MemoryKill {
  WallTime at{};
  model::Evidence::Source source{};
  std::uint64_t processes = 0;  ///< how many; 0: not told
  /// Whether the container was at its own limit. The Engine does not tell.
  std::optional<bool> own_limit;
  /// The cgroup above the container's whose limit was hit; empty: none, or not known.
  std::string ancestor;
};

/// The container was started again after the end.
struct StartedAgain {
  WallTime at{};
  std::optional<std::uint64_t> attempt;  ///< of its restart policy; nothing: not by the policy
};

/// What was observed about one run and its end.
struct RunObservations {
  std::optional<WallTime> started_at;
  WallTime ended_at{};
  /// When the first process has ended, as an inspect shows it: a busy Engine tells of the end
  /// seconds later.
  std::optional<WallTime> exited_at;
  std::optional<int> exit_code;
  /// No event told of the end: events about what came before it may be lost as well.
  bool events_missed = false;
  bool with_engine = false;  ///< the Engine itself ended at that time, or had been down
  std::string start_error;   ///< the Engine's text about a start that failed; empty: none
  std::vector<AskedKill> kills;
  std::optional<WallTime> stopped_at;  ///< when the Engine had finished to stop it
  std::optional<WallTime> removed_at;
  std::optional<StartedAgain> started_again;
  bool gave_up = false;  ///< its restart policy does not start it again
  std::vector<MemoryKill> memory_kills;
  std::optional<std::uint64_t> memory_limit_bytes;
  bool has_no_limit = false;  ///< of memory, as an inspect has shown
  std::optional<model::RunUse> use;
};

struct Verdict {
  model::EndCause cause = model::EndCause::unknown;
  std::optional<int> signal;  ///< that ended the run, or that the Engine was asked to send
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

[[nodiscard]] Verdict decide(const RunObservations& seen);

/// Whether the time at which the first process has ended may make a kill for memory the cause.
[[nodiscard]] bool depends_on_exit_time(const RunObservations& seen);

/// What was observed, in words and by time.
[[nodiscard]] std::vector<model::Evidence> evidence_of(const RunObservations& seen);

[[nodiscard]] model::Aftermath aftermath_of(const RunObservations& seen) noexcept;

/// One rule of the table, for the documentation.
struct EndRule {
  model::EndCause cause;
  std::string_view when;
};
/// The rules in the order in which they are tried.
[[nodiscard]] std::vector<EndRule> end_rules();

}  // namespace tidegauge::monitor
