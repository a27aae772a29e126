// The decision why a run has ended: any observations, and what must hold whatever they are.

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "fuzz/oracle.h"
#include "monitor/end_cause.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using model::EndCause;
using monitor::MemoryKill;
using monitor::RunObservations;
using monitor::Verdict;

namespace {

constexpr WallTime ended_at{1'795'424'400s};
constexpr auto memory_kill_effect = 1s;

WallTime any_time(FuzzedDataProvider& data) {
  using Span = std::chrono::nanoseconds;
  const auto span = data.PickValueInArray<Span>({1ns, 1ms, 1s, 10s, 5min, 1h});
  return ended_at + data.ConsumeIntegralInRange<int>(-20, 20) * span / 10;
}

template <class Make>
auto maybe(FuzzedDataProvider& data, Make make) -> std::optional<decltype(make(data))> {
  if (data.ConsumeBool()) return make(data);
  return std::nullopt;
}

int any_exit_code(FuzzedDataProvider& data) {
  return data.PickValueInArray(
      {0, 1, 2, 3, 124, 125, 126, 127, 128, 129, 130, 134, 137, 139, 143, 192, 193, 255, -1});
}

monitor::AskedKill any_kill(FuzzedDataProvider& data) {
  return {.at = any_time(data),
          .signal = data.PickValueInArray(
              {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGSEGV, SIGTERM, SIGUSR1, 0, 64})};
}

MemoryKill any_memory_kill(FuzzedDataProvider& data) {
  return {.at = any_time(data),
          .source = data.ConsumeBool() ? model::Evidence::Source::kernel
                                       : model::Evidence::Source::engine,
          .processes = data.ConsumeIntegralInRange<std::uint64_t>(0, 3),
          .own_limit = maybe(data, [](auto& from) { return from.ConsumeBool(); }),
          .ancestor = data.ConsumeBool() ? "/batch" : ""};
}

RunObservations any_observations(FuzzedDataProvider& data) {
  RunObservations seen{.ended_at = ended_at};
  seen.started_at = maybe(data, any_time);
  seen.exit_code = maybe(data, any_exit_code);
  seen.events_missed = data.ConsumeBool();
  seen.with_engine = data.ConsumeBool();
  if (data.ConsumeBool()) seen.start_error = "no such file";
  seen.stopped_at = maybe(data, any_time);
  seen.removed_at = maybe(data, any_time);
  seen.started_again = maybe(data, [](auto& from) {
    return monitor::StartedAgain{.at = any_time(from),
                                 .attempt = maybe(from, [](auto& count) {
                                   return count.template ConsumeIntegral<std::uint64_t>();
                                 })};
  });
  seen.gave_up = data.ConsumeBool();
  seen.has_no_limit = data.ConsumeBool();
  if (!seen.has_no_limit) seen.memory_limit_bytes = data.ConsumeIntegral<std::uint32_t>();
  for (auto more = data.ConsumeIntegralInRange(0, 4); more > 0; --more) {
    seen.kills.push_back(any_kill(data));
  }
  for (auto more = data.ConsumeIntegralInRange(0, 4); more > 0; --more) {
    seen.memory_kills.push_back(any_memory_kill(data));
  }
  return seen;
}

void check(bool holds, std::string_view what) {
  if (!holds) fuzz::finding(what);
}

bool is_one_of(EndCause cause, std::initializer_list<EndCause> causes) {
  return std::ranges::find(causes, cause) != causes.end();
}

std::vector<MemoryKill> fatal_kills(const RunObservations& seen) {
  std::vector<MemoryKill> fatal;
  std::ranges::copy_if(seen.memory_kills, std::back_inserter(fatal), [&](const MemoryKill& kill) {
    return kill.at >= seen.ended_at - memory_kill_effect;
  });
  return fatal;
}

bool has_signal(const RunObservations& seen) {
  return seen.exit_code && *seen.exit_code >= 129 && *seen.exit_code <= 192;
}

/// What each cause cannot be without.
void check_cause(const RunObservations& seen, const Verdict& verdict) {
  const auto fatal = fatal_kills(seen);
  switch (verdict.cause) {
    case EndCause::not_started:
      return check(!seen.start_error.empty() && seen.exit_code >= 125 && seen.exit_code <= 128,
                   "not started, though it was");
    case EndCause::engine:
      return check(seen.with_engine, "ended with an Engine that did not end");
    case EndCause::unknown:
      return check(seen.events_missed || !seen.exit_code, "unknown, though all was told");
    case EndCause::stopped:
      return check(seen.stopped_at.has_value(), "stopped by nobody");
    case EndCause::killed:
      return check(std::ranges::any_of(
                       seen.kills, [&](const auto& kill) { return kill.signal == verdict.signal; }),
                   "killed by a signal that nobody was asked to send");
    case EndCause::oom:
      check(!std::ranges::all_of(fatal, [](const auto& kill) { return kill.own_limit == false; }),
            "at a limit that was not hit");
      return check(!fatal.empty() && seen.exit_code != 0, "killed for memory by nobody");
    case EndCause::host_oom:
      check(std::ranges::none_of(fatal, [](const auto& kill) { return kill.own_limit == true; }),
            "not at its limit, though that was hit");
      return check(!fatal.empty() && seen.exit_code != 0, "killed for memory by nobody");
    case EndCause::completed:
      return check(seen.exit_code == 0, "completed with an exit code");
    case EndCause::signal:
      return check(has_signal(seen) && verdict.signal == *seen.exit_code - 128, "another signal");
    case EndCause::error:
      return check(seen.exit_code && *seen.exit_code != 0 && !has_signal(seen),
                   "an error without its exit code");
  }
  fuzz::finding("no cause");
}

/// Where events were missed, only what does not depend on events explains the end.
void check_missed_events(const RunObservations& seen, EndCause cause) {
  if (!seen.events_missed || !fatal_kills(seen).empty()) return;
  check(is_one_of(cause, {EndCause::engine, EndCause::unknown, EndCause::not_started}),
        "a guess, as events were missed");
}

/// What happened long before the end, or follows it without explaining it, is no cause.
void check_irrelevant(RunObservations seen, const Verdict& verdict) {
  std::ranges::reverse(seen.memory_kills);
  check(decide(seen) == verdict, "the order of the kills for memory made a difference");
  seen.memory_kills = fatal_kills(seen);
  check(decide(seen) == verdict, "a kill for memory long before the end made a difference");
  seen.started_at.reset();
  seen.removed_at.reset();
  seen.started_again.reset();
  seen.gave_up = !seen.gave_up;
  seen.memory_limit_bytes.reset();
  seen.use = model::RunUse{};
  check(decide(seen) == verdict, "what explains nothing made a difference");
}

void check_evidence(const RunObservations& seen) {
  const auto evidence = evidence_of(seen);
  check(std::ranges::is_sorted(evidence, {}, &model::Evidence::at), "evidence out of order");
  check(std::ranges::none_of(evidence, [](const auto& line) { return line.text.empty(); }),
        "evidence without words");
  const auto told = seen.kills.size() + seen.memory_kills.size() + 1 + (seen.stopped_at ? 1U : 0U) +
                    (seen.removed_at ? 1U : 0U) + (seen.started_again ? 1U : 0U) +
                    (seen.gave_up ? 1U : 0U);
  const auto by_engine_or_kernel = std::ranges::count_if(evidence, [](const model::Evidence& line) {
    return line.source != model::Evidence::Source::tidegauge;
  });
  check(static_cast<std::size_t>(by_engine_or_kernel) == told, "evidence was lost or made up");
}

void check_aftermath(const RunObservations& seen) {
  using enum model::Aftermath;
  const auto aftermath = aftermath_of(seen);
  check((aftermath == restarted) == seen.started_again.has_value(), "not what followed");
  check(aftermath != removed || seen.removed_at, "removed by nobody");
  check(aftermath != gave_up || seen.gave_up, "its policy has not given up");
  check(aftermath != none || !(seen.removed_at || seen.gave_up), "what followed was lost");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider provider(data, size);
  const auto seen = any_observations(provider);
  const auto verdict = decide(seen);
  check_cause(seen, verdict);
  check_missed_events(seen, verdict.cause);
  check_irrelevant(seen, verdict);
  check_evidence(seen);
  check_aftermath(seen);
  return 0;
}
