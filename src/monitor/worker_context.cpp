#include "monitor/worker_context.h"

namespace tidegauge::monitor {

void schedule_inspect(const WorkerContext& context, const std::string& id,
                      SteadyTime::duration delay) {
  context.scheduler.schedule({CallScheduler::Call::inspect, id, steady_now() + delay});
}

void record_outcome(const WorkerContext& context, const std::string& id, CallKind kind,
                    const std::optional<Error>& failure) {
  const auto change = context.state.with_inventory([&](Inventory& inventory) {
    return inventory.record_outcome(id, kind, failure, moment_now());
  });
  if (!change) return;
  if (change->failure) {
    context.logger.warn("container cannot be read", {{"endpoint", context.endpoint},
                                                     {"container", change->name},
                                                     {"container_id", id},
                                                     {"reason", change->failure->message}});
  } else {
    context.logger.info(
        "container can be read again",
        {{"endpoint", context.endpoint}, {"container", change->name}, {"container_id", id}});
  }
}

}  // namespace tidegauge::monitor
