#include "tidegauge/monitor/container_monitor.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "monitor/cgroup_path.h"
#include "monitor/in_flight_gate.h"

namespace tidegauge::monitor {

struct ContainerMonitor::Visit {
  model::ContainerSummary summary;
  std::shared_ptr<const model::Container> container;
  std::optional<model::ContainerStats> stats;
  std::optional<Error> inspect_error;
  std::optional<Error> stats_error;

  /// Its first failure, if any.
  [[nodiscard]] const std::optional<Error>& error() const {
    return inspect_error ? inspect_error : stats_error;
  }
  /// Removed since it was listed: no failure, and nothing to show.
  [[nodiscard]] bool vanished() const { return error() && error()->code == Errc::not_found; }
  [[nodiscard]] bool stuck() const {
    return error() && (means_stuck(error()->code) || error()->code == Errc::quarantined);
  }
};

ContainerMonitor::ContainerMonitor(std::string endpoint, std::size_t index,
                                   const config::MonitorConfig& options,
                                   const MonitorContext& context)
    : endpoint_(std::move(endpoint)),
      index_(index),
      options_(options),
      context_(context),
      gate_(std::make_unique<InFlightGate>(options.max_in_flight, context.max_connections)) {}

ContainerMonitor::ContainerMonitor(ContainerMonitor&& other) noexcept = default;
ContainerMonitor::~ContainerMonitor() = default;

void ContainerMonitor::run(const std::stop_token& stop) {
  auto next = steady_now();
  while (!stop.stop_requested()) {
    const auto health = context_.clients.health(endpoint_);
    run_once(stop);
    const auto now = steady_now();
    next += options_.interval;
    if (next <= now)
      next += (now - next) / options_.interval * options_.interval + options_.interval;
    watch_until(next, health.version, stop);
    next = std::min(next, steady_now());
  }
}

/// Waits for the next cycle. Going down is published at once; coming back ends the wait. `seen` is
/// of before the last cycle, so that nothing is missed that happened during it.
void ContainerMonitor::watch_until(SteadyTime next, std::uint64_t seen,
                                   const std::stop_token& stop) {
  while (!stop.stop_requested() && steady_now() < next) {
    const auto health = context_.clients.wait_for_change(endpoint_, seen, next, stop);
    if (std::exchange(seen, health.version) == health.version) continue;
    if (!health.up) publish_down(*health.reason);
    if (health.up && !published_up_) return;
  }
}

void ContainerMonitor::run_once(const std::stop_token& stop) {
  const auto started = steady_now();
  CycleReport report{.endpoint = endpoint_};
  auto summaries = list(stop);
  if (summaries) {
    auto visits = visit_all(std::move(*summaries), stop);
    if (stop.stop_requested()) return;  // the visits are not complete
    // The Engine may have gone down meanwhile: then what was found is of the past.
    const auto health = context_.clients.health(endpoint_);
    if (health.up) {
      publish_up(std::move(visits), report);
    } else {
      publish_down(*health.reason);
    }
  } else if (!stop.stop_requested()) {
    ++report.list_errors;
    publish_down(summaries.error());
  }
  report.duration = steady_now() - started;
  context_.observer.cycle_finished(report);
}

Result<std::vector<model::ContainerSummary>> ContainerMonitor::list(const std::stop_token& stop) {
  if (const auto learned = learn_engine(stop); !learned) return fail(learned.error());
  return context_.clients.container_list(endpoint_, stop);
}

/// What cannot change while the Engine is up is asked once.
Result<void> ContainerMonitor::learn_engine(const std::stop_token& stop) {
  if (!version_) {
    auto version = context_.clients.version(endpoint_, stop);
    if (!version) return fail(version.error());
    version_ = std::move(*version);
  }
  if (!info_) {
    auto info = context_.clients.info(endpoint_, stop);
    if (!info) return fail(info.error());
    info_ = std::move(*info);
  }
  return {};
}

std::vector<ContainerMonitor::Visit> ContainerMonitor::visit_all(
    std::vector<model::ContainerSummary> summaries, const std::stop_token& stop) {
  std::vector<Visit> visits(summaries.size());
  for (std::size_t i = 0; i < visits.size(); ++i) visits[i].summary = std::move(summaries[i]);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (auto i = next++; i < visits.size() && gate_->enter(stop); i = next++) {
      visit(visits[i], stop);
      gate_->leave();
    }
  };
  std::vector<std::jthread> workers;
  const auto count = std::min<std::size_t>(context_.max_connections, visits.size());
  for (std::size_t i = 1; i < count; ++i) workers.emplace_back(work);
  work();
  workers.clear();  // joins
  return visits;
}

void ContainerMonitor::visit(Visit& visit, const std::stop_token& stop) {
  auto container = context_.clients.container_inspect(endpoint_, visit.summary.id, stop);
  if (!container) {
    visit.inspect_error = container.error();
    return;
  }
  visit.container = std::make_shared<const model::Container>(std::move(*container));
  if (!model::has_processes(visit.container->state)) return;
  const auto asked = steady_now();
  auto stats = context_.clients.container_stats(endpoint_, visit.summary.id, stop);
  if (stats) gate_->answered(steady_now() - asked);
  if (!stats) {
    visit.stats_error = stats.error();
  } else if (stats->memory) {  // absent where it has stopped since it was inspected
    visit.stats = std::move(*stats);
    // The Engine says zeros here where there is no quota.
    if (visit.stats->cpu && !visit.container->limits.cpu_quota_us) {
      visit.stats->cpu->throttling.reset();
    }
  }
}

void ContainerMonitor::publish_up(std::vector<Visit> visits, CycleReport& report) {
  auto snapshot = new_snapshot();
  snapshot->up = true;
  std::erase_if(visits, [](const Visit& visit) { return visit.vanished(); });
  std::map<std::string, Known> listed;
  for (auto& visit : visits) {
    if (auto known = known_.extract(visit.summary.id)) listed.insert(std::move(known));
    listed.try_emplace(visit.summary.id);
    report.inspect_errors += visit.inspect_error ? 1U : 0U;
    report.stats_errors += visit.stats_error ? 1U : 0U;
  }
  known_ = std::move(listed);
  for (auto& visit : visits) snapshot->containers.push_back(record_of(visit));
  std::ranges::sort(snapshot->containers, {}, [](const model::ContainerRecord& record) {
    return std::tie(record.container->name, record.container->id);
  });
  if (std::exchange(list_failing_, false)) {
    context_.logger.info("containers can be watched again", {{"endpoint", endpoint_}});
  }
  context_.snapshots.publish(index_, std::move(snapshot));
  published_up_ = true;
}

void ContainerMonitor::publish_down(const Error& reason) {
  version_.reset();
  info_.reset();
  auto snapshot = new_snapshot();
  snapshot->down_reason = reason.message;
  context_.snapshots.publish(index_, std::move(snapshot));
  published_up_ = false;
  // Of an Engine that does not answer at all, the pool has told already.
  const bool told = reason.code == Errc::engine_down || blames_engine(reason.code) ||
                    !context_.clients.health(endpoint_).up;
  if (!told && !std::exchange(list_failing_, true)) {
    context_.logger.warn("containers cannot be watched",
                         {{"endpoint", endpoint_}, {"reason", reason.message}});
  }
}

model::ContainerRecord ContainerMonitor::record_of(Visit& visit) {
  auto& known = known_.at(visit.summary.id);
  if (visit.container) {
    known.container = visit.container;
  } else {
    // It could not be inspected. Who it is does not change; how it is, the list has just said.
    auto container = known.container ? *known.container : model::Container{};
    container.id = visit.summary.id;
    container.name = visit.summary.name;
    container.state = visit.summary.state;
    visit.container = std::make_shared<const model::Container>(std::move(container));
  }
  note_outcome(known, *visit.container, visit);
  return {.container = visit.container,
          .cgroup_path = cgroup_path(*visit.container, info_),
          .stats = std::move(visit.stats),
          .last_seen = known.last_seen,
          .collect_errors = known.collect_errors,
          .stuck = visit.stuck()};
}

void ContainerMonitor::note_outcome(Known& known, const model::Container& container,
                                    const Visit& visit) {
  if (model::has_processes(container.state)) {
    known.last_seen = wall_now();
  } else if (!known.last_seen) {
    known.last_seen = container.finished_at;
  }
  if (const auto& error = visit.error()) {
    ++known.collect_errors;
    if (!std::exchange(known.failing, true)) {
      context_.logger.warn(
          "container cannot be read",
          {{"endpoint", endpoint_}, {"container", container.name}, {"reason", error->message}});
    }
  } else if (std::exchange(known.failing, false)) {
    context_.logger.info("container can be read again",
                         {{"endpoint", endpoint_}, {"container", container.name}});
  }
}

std::shared_ptr<model::EngineSnapshot> ContainerMonitor::new_snapshot() const {
  auto snapshot = std::make_shared<model::EngineSnapshot>();
  snapshot->endpoint = endpoint_;
  snapshot->taken_at = wall_now();
  snapshot->version = version_;
  snapshot->info = info_;
  snapshot->max_in_flight = gate_->limit();
  snapshot->negotiated_api_version = context_.clients.api_version(endpoint_);
  return snapshot;
}

}  // namespace tidegauge::monitor
