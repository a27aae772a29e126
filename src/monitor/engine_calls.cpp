#include "monitor/engine_calls.h"

#include <utility>

#include "monitor/container_events.h"
#include "monitor/container_filter.h"
#include "tidegauge/util/utf8.h"

namespace tidegauge::monitor {

EngineCalls::EngineCalls(const WorkerContext& context)
    : context_(context),
      version_(context.endpoint, "GET /version", "the version of the Engine is not shown",
               context.logger),
      info_(context.endpoint, "GET /info",
            "the CPUs, the memory and the directory of the Engine are not known, and its own count "
            "of containers is not compared: they are listed instead",
            context.logger) {}

std::optional<WallTime> EngineCalls::follow_from() {
  return context_.state.with_inventory([](Inventory& inventory) {
    inventory.count_stream();
    return inventory.follow_from();
  });
}

Inventory::Effect EngineCalls::apply(const model::Event& event) {
  if (event.type == "container" && !event.id.empty() && !is_usable_id(event.id)) {
    warn_of_unusable_id();
    return Inventory::Effect::none;
  }
  log_event(event);
  const auto applied = context_.state.apply(event);
  if (applied.inspect) schedule_inspect(context_, container_id(event), inspect_debounce);
  if (applied.check_engine) {
    context_.scheduler.schedule({CallScheduler::Call::check_engine, {}, steady_now()});
  }
  if (applied.read_log) {
    context_.scheduler.schedule({CallScheduler::Call::read_log, event.id, steady_now()});
  }
  if (applied.effect != Inventory::Effect::known) context_.state.mark_changed();
  return applied.effect;
}

void EngineCalls::log_event(const model::Event& event) const {
  if (!context_.logger.writes(LogLevel::debug)) return;
  constexpr std::size_t longest_action = 256;  // an Engine's "exec_create" has the whole command
  context_.logger.debug("event of an Engine",
                        {{"endpoint", context_.endpoint},
                         {"type", event.type},
                         {"action", one_line(event.action, longest_action)},
                         {"container_id", container_id(event)},
                         {"container", event.type == "container" ? attribute(event, "name") : ""}});
}

Result<void> EngineCalls::take_inventory(InspectScope scope, const std::stop_token& stop) {
  auto list = context_.clients.container_list(context_.endpoint, stop);
  if (!list) {
    context_.counts.count_list_error();
    return fail(list.error());
  }
  drop_unusable(*list);
  for (const auto& id : context_.state.apply_list(*list, scope)) schedule_inspect(context_, id);
  return learn_engine(stop);  // during the inspects: the Engine takes its time over these answers
}

void EngineCalls::await_inspects(SteadyTime deadline, const std::stop_token& stop) {
  context_.state.await_inspects(deadline, stop);
}

/// The Engine's own count of containers costs it nothing, a list costs it much. So the containers
/// are listed only where the count differs from the inventory, or where there is no count.
Result<void> EngineCalls::reconcile(const std::stop_token& stop) {
  if (version_.is_failing() || info_.is_failing()) {
    if (auto learnt = learn_engine(stop); !learnt) return {};  // the pool has told why
  }
  if (info_.is_failing()) return take_inventory(InspectScope::changed, stop);
  const auto info = context_.clients.info(context_.endpoint, stop);
  if (!info || !context_.state.contradicts(*info)) return {};
  return take_inventory(InspectScope::all, stop);
}

void EngineCalls::engine_up(std::uint64_t outages) {
  if (context_.state.set_up(outages)) {
    context_.logger.info("containers can be watched again", {{"endpoint", context_.endpoint}});
  }
  context_.state.mark_changed();
}

void EngineCalls::engine_down(const Error& reason) {
  // The pool logs an Engine that does not answer at all.
  const bool logged_by_pool = reason.code == Errc::engine_down || blames_engine(reason.code) ||
                              !context_.clients.health(context_.endpoint).up;
  context_.scheduler.cancel_pending();
  if (context_.state.set_down(reason, !logged_by_pool)) {
    context_.logger.warn("containers cannot be watched",
                         {{"endpoint", context_.endpoint}, {"reason", reason.message}});
  }
  context_.state.mark_changed();
}

/// The Engine's ids are 64 hexadecimal digits. An id with other characters has no place in a URL.
void EngineCalls::drop_unusable(std::vector<model::ContainerSummary>& list) {
  const auto unusable = std::erase_if(
      list, [](const model::ContainerSummary& summary) { return !is_usable_id(summary.id); });
  if (unusable > 0) warn_of_unusable_id();
}

void EngineCalls::warn_of_unusable_id() {
  if (!unusable_ids_.failed(steady_now())) return;
  context_.logger.warn("a container is left off: its id has other characters than ids have",
                       {{"endpoint", context_.endpoint}});
}

/// Version and info cannot change while the Engine is up, so each is asked once. Fails only where
/// the Engine is down.
Result<void> EngineCalls::learn_engine(const std::stop_token& stop) {
  if (!context_.state.has_version()) {
    if (auto known = learn(version_, &docker::ClientManager::version, stop); !known) return known;
  }
  if (context_.state.has_info()) return {};
  return learn(info_, &docker::ClientManager::info, stop);
}

template <class Value>
Result<void> EngineCalls::learn(OptionalCall& call,
                                Result<Value> (docker::ClientManager::*ask)(std::string_view,
                                                                            const std::stop_token&),
                                const std::stop_token& stop) {
  if (!call.is_due(steady_now())) return {};
  auto value = (context_.clients.*ask)(context_.endpoint, stop);
  if (!value) {
    if (stop.stop_requested() || !context_.clients.health(context_.endpoint).up) {
      return fail(value.error());
    }
    call.failed(value.error(), steady_now());
    return {};
  }
  call.answered();
  context_.state.record(std::move(*value));
  context_.state.mark_changed();
  return {};
}

}  // namespace tidegauge::monitor
