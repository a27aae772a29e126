#pragma once

// What the workers of one monitor share: the event follower's calls, the container calls and the
// kernel sampling.

#include <optional>
#include <string>

#include "monitor/call_scheduler.h"
#include "monitor/cycle_counts.h"
#include "monitor/engine_state.h"
#include "tidegauge/docker/client_manager.h"
#include "tidegauge/model/error.h"
#include "tidegauge/util/log.h"

namespace tidegauge::monitor {

/// Everything outlives the workers. Thread-safe, as all of its parts are.
struct WorkerContext {
  const std::string& endpoint;
  docker::ClientManager& clients;
  Logger& logger;
  EngineState& state;
  CallScheduler& scheduler;
  CycleCounts& counts;
};

/// Events come in bursts: an inspect that one of them calls for is made this much later.
inline constexpr Milliseconds inspect_debounce{20};

/// Schedules an inspect of the container for now or later.
void schedule_inspect(const WorkerContext& context, const std::string& id,
                      SteadyTime::duration delay = {});

/// Records how a call about a container went, and logs where the container has become readable or
/// has stopped being so.
void record_outcome(const WorkerContext& context, const std::string& id, CallKind kind,
                    const std::optional<Error>& failure);

}  // namespace tidegauge::monitor
