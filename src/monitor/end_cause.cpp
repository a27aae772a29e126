#include "monitor/end_cause.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

namespace tidegauge::monitor {

using model::EndCause;
using model::Evidence;
using Source = Evidence::Source;
using namespace std::chrono_literals;

namespace {

/// A process that was killed for memory explains the end of its container within this time:
/// `sh -c "program"` ends at once when its program is killed.
constexpr auto memory_kill_effect = 1s;
/// The Engine tells of an end at most this long after it.
constexpr auto end_event_delay = 10s;
/// A signal that ends programs explains an end with another exit code within this time.
constexpr auto signal_effect = 10s;
/// A program that answers a signal in its own way may take its time, as it finishes its work: then
/// the exit code is 0 or says the signal.
constexpr auto signal_effect_by_code = 5min;

// --- the rules ----------------------------------------------------------------------------------

/// The Engine keeps the text of a start that failed until the next one, so the text alone does not
/// tell that this run is meant.
bool could_not_start(const RunObservations& seen) {
  return !seen.start_error.empty() && model::is_exit_code_of_failed_start(seen.exit_code);
}

/// The signal that ended the run, by its exit code.
std::optional<int> exit_signal(const RunObservations& seen) {
  return seen.exit_code ? model::signal_of_exit_code(*seen.exit_code) : std::nullopt;
}

/// Whether a program ends at this signal unless it chooses otherwise in full knowledge.
bool ends_programs(int signal) {
  constexpr std::array signals{SIGTERM, SIGKILL, SIGINT, SIGQUIT, SIGABRT};
  return std::ranges::find(signals, signal) != signals.end();
}

/// The event of the kill may come after that of the end.
bool explains(const AskedKill& kill, const RunObservations& seen) {
  const auto age = seen.ended_at - kill.at;
  if (exit_signal(seen) == kill.signal) return age <= signal_effect_by_code;
  if (!ends_programs(kill.signal)) return false;
  const bool is_answer = seen.exit_code == 0 && kill.signal != SIGKILL;
  return age <= (is_answer ? signal_effect_by_code : signal_effect);
}

/// The last kill that the Engine was asked for and that explains the end.
const AskedKill* asked_kill(const RunObservations& seen) {
  const AskedKill* found = nullptr;
  for (const auto& kill : seen.kills) {
    if (explains(kill, seen)) found = &kill;
  }
  return found;
}

bool was_stopped(const RunObservations& seen) {
  return seen.stopped_at.has_value();
}

bool was_killed(const RunObservations& seen) {
  return asked_kill(seen) != nullptr;
}

/// An Engine that ends stops its containers first, as it would if it were asked to.
bool ended_with_engine(const RunObservations& seen) {
  return seen.with_engine && (seen.events_missed || was_stopped(seen) || was_killed(seen));
}

bool is_fatal(const MemoryKill& kill, const RunObservations& seen) {
  return kill.at >= seen.exited_at.value_or(seen.ended_at) - memory_kill_effect;
}

bool was_killed_for_memory(const RunObservations& seen) {
  return seen.exit_code != 0 &&  // or it lived on
         std::ranges::any_of(seen.memory_kills,
                             [&](const MemoryKill& kill) { return is_fatal(kill, seen); });
}

/// The kernel's word about a kill for memory does not depend on events.
bool is_unexplained(const RunObservations& seen) {
  return (seen.events_missed || !seen.exit_code) && !was_killed_for_memory(seen);
}

/// Where nobody could tell whose limit was hit, it was the container's own unless it has none.
bool hit_own_limit(const RunObservations& seen) {
  if (!was_killed_for_memory(seen)) return false;
  std::optional<bool> own_limit;
  bool ancestor = false;
  for (const auto& kill : seen.memory_kills) {
    if (!is_fatal(kill, seen)) continue;
    if (kill.own_limit) own_limit = own_limit.value_or(false) || *kill.own_limit;
    ancestor = ancestor || !kill.ancestor.empty();
  }
  if (own_limit) return *own_limit;
  return !ancestor && !seen.has_no_limit;
}

bool has_completed(const RunObservations& seen) {
  return seen.exit_code == 0;
}

bool was_ended_by_signal(const RunObservations& seen) {
  return exit_signal(seen).has_value();
}

bool always(const RunObservations& /*seen*/) {
  return true;
}

struct Rule {
  EndCause cause;
  bool (*holds)(const RunObservations&);
  std::string_view when;
};

/// The first rule that holds decides.
constexpr std::array<Rule, model::end_causes.size()> rules{{
    {EndCause::not_started, could_not_start,
     "the Engine says why it could not start the container"},
    {EndCause::engine, ended_with_engine,
     "the Engine itself was ending, or had been down; with live-restore containers outlive it"},
    {EndCause::unknown, is_unexplained,
     "no event told of the end: an inspect found it later, or the start of another run"},
    {EndCause::stopped, was_stopped, "the Engine tells that it has stopped the container"},
    {EndCause::killed, was_killed,
     "the Engine was asked to send a signal that explains the end, as a removal by force does"},
    {EndCause::oom, hit_own_limit,
     "killed for memory at the container's own limit, less than a second before the end"},
    {EndCause::host_oom, was_killed_for_memory,
     "killed for memory less than a second before the end, but not at its own limit"},
    {EndCause::completed, has_completed, "exit code 0"},
    {EndCause::signal, was_ended_by_signal, "exit codes 129 to 192"},
    {EndCause::error, always, "any other exit code"},
}};

// --- the evidence -------------------------------------------------------------------------------

std::string text_of_bytes(std::uint64_t bytes) {
  constexpr std::uint64_t mebi = 1024UL * 1024;
  if (bytes >= mebi && bytes % mebi == 0) return std::to_string(bytes / mebi) + " MiB";
  return std::to_string(bytes) + " bytes";
}

std::string text_of(const AskedKill& kill) {
  return "asked to send " + model::signal_name(kill.signal);
}

std::string processes_killed(std::uint64_t processes) {
  if (processes == 0) return "a process was killed";
  return std::to_string(processes) + (processes == 1 ? " process" : " processes") + " killed";
}

std::string text_of(const MemoryKill& kill, const RunObservations& seen) {
  if (kill.source == Source::engine) return "out of memory: " + processes_killed(kill.processes);
  std::string text;
  if (kill.own_limit.value_or(false)) {
    text = "memory limit hit, ";
    if (seen.memory_limit_bytes) {
      text = "memory limit of " + text_of_bytes(*seen.memory_limit_bytes) + " hit, ";
    }
  } else if (!kill.ancestor.empty()) {
    text = "memory limit of " + kill.ancestor + " hit, ";
  } else {
    text = "out of memory, but not at the container's own limit: ";
  }
  return text + processes_killed(kill.processes);
}

/// Only the Engine has told of the kill.
bool is_limit_unread(const RunObservations& seen) {
  return was_killed_for_memory(seen) &&
         std::ranges::none_of(seen.memory_kills,
                              [](const MemoryKill& kill) { return kill.own_limit.has_value(); });
}

std::string text_of_unread_limit(const RunObservations& seen) {
  constexpr std::string_view unread = "the kernel has not told whose limit was hit: ";
  if (seen.has_no_limit) return std::string(unread) + "the container has no memory limit";
  if (!seen.memory_limit_bytes) {
    return std::string(unread) + "the container's memory limit is not known";
  }
  return std::string(unread) + "the container has a memory limit of " +
         text_of_bytes(*seen.memory_limit_bytes);
}

std::string text_of_end(const RunObservations& seen) {
  if (could_not_start(seen)) return "could not start: " + seen.start_error;
  std::string text = seen.events_missed ? "found to have ended" : "die";
  if (seen.exit_code) text += ", exit code " + std::to_string(*seen.exit_code);
  if (const auto signal = exit_signal(seen)) text += " (" + model::signal_name(*signal) + ")";
  return text;
}

std::string text_of_stop(const RunObservations& seen) {
  const bool by_force =
      std::ranges::any_of(seen.kills, [](const AskedKill& kill) { return kill.signal == SIGKILL; });
  const bool was_asked_first = seen.kills.size() > 1;
  if (by_force && was_asked_first) return "stopped, by SIGKILL after the grace period";
  return "stopped";
}

std::string text_of(const StartedAgain& again) {
  if (!again.attempt) return "started again";
  return "restarted by its policy, attempt " + std::to_string(*again.attempt);
}

}  // namespace

Verdict decide(const RunObservations& seen) {
  const auto rule =
      std::ranges::find_if(rules, [&](const Rule& candidate) { return candidate.holds(seen); });
  auto signal = exit_signal(seen);
  if (rule->cause == EndCause::killed) signal = asked_kill(seen)->signal;
  if (rule->cause == EndCause::not_started) signal.reset();
  return {.cause = rule->cause, .signal = signal};
}

bool depends_on_exit_time(const RunObservations& seen) {
  if (seen.exited_at || seen.events_missed) return false;
  auto told_late = seen;
  told_late.exited_at = seen.ended_at - end_event_delay;
  return decide(told_late) != decide(seen);
}

std::vector<Evidence> evidence_of(const RunObservations& seen) {
  std::vector<Evidence> all;
  const auto add = [&](WallTime at, Source source, std::string text) {
    const auto place = std::ranges::upper_bound(all, at, {}, &Evidence::at);
    all.insert(place, {.at = at, .source = source, .text = std::move(text)});
  };
  for (const auto& kill : seen.kills) add(kill.at, Source::engine, text_of(kill));
  for (const auto& kill : seen.memory_kills) add(kill.at, kill.source, text_of(kill, seen));
  add(seen.ended_at, Source::engine, text_of_end(seen));
  if (is_limit_unread(seen)) add(seen.ended_at, Source::tidegauge, text_of_unread_limit(seen));
  if (seen.with_engine) add(seen.ended_at, Source::tidegauge, "the Engine was down or ending");
  if (seen.stopped_at) add(*seen.stopped_at, Source::engine, text_of_stop(seen));
  if (seen.removed_at) add(*seen.removed_at, Source::engine, "removed");
  if (seen.started_again) add(seen.started_again->at, Source::engine, text_of(*seen.started_again));
  if (seen.gave_up) {
    add(seen.ended_at, Source::engine, "not restarted: its restart policy has given up");
  }
  return all;
}

model::Aftermath aftermath_of(const RunObservations& seen) noexcept {
  if (seen.started_again) return model::Aftermath::restarted;
  if (seen.removed_at) return model::Aftermath::removed;
  if (seen.gave_up) return model::Aftermath::gave_up;
  return model::Aftermath::none;
}

std::vector<EndRule> end_rules() {
  std::vector<EndRule> all;
  for (const auto& rule : rules) all.push_back({.cause = rule.cause, .when = rule.when});
  return all;
}

}  // namespace tidegauge::monitor
