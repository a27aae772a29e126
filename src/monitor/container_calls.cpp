#include "monitor/container_calls.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "monitor/container_filter.h"

namespace tidegauge::monitor {

using namespace std::chrono_literals;

namespace {

constexpr Milliseconds max_inspect_pause = 5min;  // after failures in a row
constexpr Milliseconds engine_check_limit = 2s;
constexpr Milliseconds exit_log_limit = 5s;
constexpr Milliseconds prompt_answer = 500ms;  // from an Engine that was there all the time

/// Between an inspect that failed and the next: the interval, then twice as long each time.
Milliseconds inspect_pause(Milliseconds interval, std::uint64_t failures) {
  const auto doublings = std::min<std::uint64_t>(failures > 0 ? failures - 1 : 0, 20U);
  const Milliseconds grown{interval.count() << doublings};
  return std::min(grown, std::max(interval, max_inspect_pause));
}

}  // namespace

void ContainerCalls::run(const CallScheduler::Task& task, const std::stop_token& stop) {
  switch (task.call) {
    case CallScheduler::Call::inspect:
      return inspect(task.id, stop);
    case CallScheduler::Call::sample:
      return sample(task.id, task.due, stop);
    case CallScheduler::Call::measure:
      return measure(task.id, stop);
    case CallScheduler::Call::check_engine:
      return check_engine(stop);
    case CallScheduler::Call::read_log:
      return read_log(task.id, stop);
  }
}

/// Whether the Engine that was asked to end containers is ending itself. A socket that systemd
/// holds accepts connections all the same: then nobody answers, or the next Engine does.
void ContainerCalls::check_engine(const std::stop_token& stop) {
  const auto begun = steady_now();
  const auto streams = [this] {
    return context_.state.with_inventory(
        [](const Inventory& inventory) { return inventory.streams_opened(); });
  };
  const auto streams_before = streams();
  const auto answer = context_.clients.ping_anew(context_.endpoint, engine_check_limit, stop);
  if (stop.stop_requested()) return;
  const bool prompt = steady_now() - begun <= prompt_answer;
  const bool is_up = answer && (prompt || streams() == streams_before);
  context_.state.engine_checked(begun, !is_up);
  context_.state.mark_changed();
}

/// A log that cannot be read, as some log drivers have none, costs only its lines.
void ContainerCalls::read_log(const std::string& id, const std::stop_token& stop) {
  const auto query = context_.state.with_inventory(
      [&](Inventory& inventory) { return inventory.exit_log_query(id); });
  if (!query) return;
  auto lines = read_last_lines(context_.clients, context_.endpoint, *query,
                               steady_now() + exit_log_limit, stop);
  if (!lines) return;
  context_.state.with_inventory(
      [&](Inventory& inventory) { inventory.record_exit_log(id, *std::move(lines)); });
  context_.state.mark_changed();
}

void ContainerCalls::inspect(const std::string& id, const std::stop_token& stop) {
  const auto [version, is_first] = context_.state.with_inventory([&](const Inventory& inventory) {
    return std::pair(inventory.version(id), !inventory.is_inspected(id));
  });
  if (!version) return;
  auto container = context_.clients.container_inspect(context_.endpoint, id, stop);
  if (stop.stop_requested()) return;
  if (container && container->id != id) {
    container = fail(Errc::bad_reply, "the Engine has answered with another container");
  }
  bool sample_it = false;
  if (container) {
    if (is_first) warn_of_invalid_enable_label(*container);
    sample_it = context_.state.apply_inspect(id, *version, std::move(*container)).sample_by_engine;
  }
  record_outcome(context_, id, CallKind::inspect,
                 container ? std::nullopt : std::optional(container.error()));
  if (sample_it) context_.scheduler.schedule({CallScheduler::Call::sample, id, steady_now()});
  if (!container) retry_inspect(id, container.error().code);
  context_.state.mark_changed();
}

/// An Engine that is down is asked about all containers once it is up.
void ContainerCalls::retry_inspect(const std::string& id, Errc reason) {
  if (reason == Errc::not_found || reason == Errc::engine_down) return;
  context_.counts.count_inspect_error();
  const auto [is_watched, failures] =
      context_.state.with_inventory([&](const Inventory& inventory) {
        return std::pair(inventory.is_watched(id), inventory.failures(id, CallKind::inspect));
      });
  if (is_watched)
    schedule_inspect(context_, id, inspect_pause(context_.state.pace().interval, failures));
}

void ContainerCalls::warn_of_invalid_enable_label(const model::Container& container) {
  const auto value = invalid_enable_label(container);
  if (!value) return;
  context_.logger.warn("label is ignored: it must be true or false",
                       {{"endpoint", context_.endpoint},
                        {"container", container.name},
                        {"container_id", container.id},
                        {"label", enable_label},
                        {"value", *value}});
}

void ContainerCalls::sample(const std::string& id, SteadyTime due, const std::stop_token& stop) {
  const auto outages = context_.state.outages();
  const bool is_ours = context_.state.with_inventory([&](const Inventory& inventory) {
    return inventory.is_sampled(id) && inventory.is_sampled_by(id, model::StatsSource::engine);
  });
  if (!is_ours) return;
  const auto asked = steady_now();
  auto stats = context_.clients.container_stats(context_.endpoint, id, stop);
  if (stop.stop_requested()) return;
  const auto answered = steady_now();
  if (stats) context_.scheduler.answered(answered - asked);
  context_.counts.record_latency(answered - due);
  std::optional<Error> failure;
  if (!stats) failure = stats.error();
  if (failure && failure->code != Errc::not_found) context_.counts.count_sample_error();
  auto sample = stats ? std::make_shared<model::ContainerStats>(std::move(*stats)) : nullptr;
  if (!context_.state.apply_engine_sample(id, std::move(sample), outages)) return;
  record_outcome(context_, id, CallKind::sample, failure);
  context_.state.mark_changed();
}

/// A measurement that takes too long says nothing about the container's other numbers.
void ContainerCalls::measure(const std::string& id, const std::stop_token& stop) {
  const auto bytes = context_.clients.container_size(context_.endpoint, id, stop);
  if (stop.stop_requested() || (!bytes && bytes.error().code == Errc::not_found)) return;
  const auto [has_changed, name] = context_.state.with_inventory([&](Inventory& inventory) {
    const auto size = bytes ? std::optional(*bytes) : std::nullopt;
    return std::pair(inventory.record_measured(id, size, wall_now()), inventory.name_of(id));
  });
  if (has_changed && !bytes && !blames_engine(bytes.error().code)) {
    context_.logger.warn("the writable layer of a container cannot be measured",
                         {{"endpoint", context_.endpoint},
                          {"container", name},
                          {"container_id", id},
                          {"reason", bytes.error().message},
                          {"remedy", "raise pool.list_timeout, if that was too short"}});
  }
  context_.state.mark_changed();
}

}  // namespace tidegauge::monitor
