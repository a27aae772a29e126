#include "tidegauge/monitor/container_monitor.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "monitor/call_scheduler.h"
#include "monitor/container_calls.h"
#include "monitor/cycle_counts.h"
#include "monitor/engine_calls.h"
#include "monitor/engine_follower.h"
#include "monitor/engine_state.h"
#include "monitor/kernel_sampling.h"
#include "monitor/pending_settings.h"
#include "monitor/snapshot_recycler.h"
#include "monitor/worker_context.h"

namespace tidegauge::monitor {

using namespace std::chrono_literals;

namespace {

constexpr auto publish_gap = 100ms;               // between two snapshots, at least
constexpr auto publish_gap_of_container = 100us;  // and this for each: copying thousands is dear
constexpr auto refresh_step = 1s;                 // between two inspects without an event
constexpr double spread = 0.8;  // the part of the interval that samples are spread over

/// One after another, over most of `interval`.
void schedule_over(std::chrono::nanoseconds interval, CallScheduler& scheduler,
                   CallScheduler::Call call, std::vector<std::string> ids) {
  const auto now = steady_now();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto part = spread * static_cast<double>(i) / static_cast<double>(ids.size());
    const auto delay = std::chrono::duration_cast<std::chrono::nanoseconds>(interval * part);
    scheduler.schedule({call, std::move(ids[i]), now + delay});
  }
}

}  // namespace

class ContainerMonitor::Impl {
 public:
  Impl(std::string endpoint, const MonitorSettings& settings, const MonitorContext& context);

  void run_once(const std::stop_token& stop);
  void run(const std::stop_token& stop);
  void reconfigure(MonitorSettings settings);
  [[nodiscard]] bool wait_until_reconfigured(SteadyTime deadline) {
    return pending_.wait_until_applied(deadline);
  }

 private:
  void apply_pending_settings(SteadyTime& next_publish);
  void apply(const MonitorSettings& settings);
  void choose_source(const MonitorSettings& settings);
  [[nodiscard]] SteadyTime after_publication();
  void publish_when_due(SteadyTime& next_publish, SteadyTime next_cycle, Heartbeats::Loop& loop,
                        const std::stop_token& stop);
  void begin_cycle();
  void measure_layers(bool every_one);
  void refresh_some();
  void report_cycle();
  void publish();

  const std::string endpoint_;
  MonitorSettings settings_;  // of the thread of `run`
  PendingSettings pending_;
  const MonitorContext context_;

  EngineState state_;
  CycleCounts counts_;
  const WorkerContext workers_;
  EngineCalls engine_calls_;
  ContainerCalls container_calls_;
  RunNotices run_notices_;
  std::optional<KernelSampling> kernel_;  // none: only the Engine is asked
  SnapshotRecycler recycler_;
  CallScheduler scheduler_;  // last: its threads end before what they use
};

ContainerMonitor::Impl::Impl(std::string endpoint, const MonitorSettings& settings,
                             const MonitorContext& context)
    : endpoint_(std::move(endpoint)),
      settings_(settings),
      context_(context),
      state_(settings.options),
      workers_{.endpoint = endpoint_,
               .clients = context.clients,
               .logger = context.logger,
               .state = state_,
               .scheduler = scheduler_,
               .counts = counts_},
      engine_calls_(workers_),
      container_calls_(workers_),
      run_notices_(workers_, context.kernel, descriptors_of_notices(settings)),
      scheduler_(settings.options.max_in_flight, settings.max_connections, context.guard,
                 [this](const CallScheduler::Task& task, const std::stop_token& stop) {
                   Heartbeats::Loop call(context_.heartbeats);
                   call.work_for(context_.clients.longest_turn());
                   container_calls_.run(task, stop);
                 }) {
  choose_source(settings);
  if (context.restored) state_.restore(*context.restored);
}

void ContainerMonitor::Impl::run_once(const std::stop_token& stop) {
  const auto started = steady_now();
  state_.with_inventory([](Inventory& inventory) { inventory.forget_samples(); });
  const auto outages = state_.outages();
  const auto listed = engine_calls_.take_inventory(InspectScope::all, stop);
  if (listed) {
    scheduler_.wait_until_idle(stop);
    if (kernel_) {
      std::ignore = kernel_->follow_runs();
      kernel_->sample(SampleScope::all);
    }
    measure_layers(/*every_one=*/true);
    scheduler_.wait_until_idle(stop);
  }
  if (stop.stop_requested()) return;
  // The Engine may have gone down meanwhile: then its answers are out of date.
  const auto health = context_.clients.health(endpoint_);
  if (!listed) {
    engine_calls_.engine_down(listed.error());
  } else if (!health.up) {
    engine_calls_.engine_down(*health.reason);
  } else {
    engine_calls_.engine_up(outages);
  }
  publish();
  counts_.record_latency(steady_now() - started);
  report_cycle();
}

void ContainerMonitor::Impl::run(const std::stop_token& stop) {
  EngineFollower follower(endpoint_, context_.clients, context_.logger, engine_calls_,
                          context_.heartbeats);
  const std::jthread inventory([&](const std::stop_token& end) {
    context_.guard.run("inventory", end, [&] { follower.follow(end); });
  });
  const std::jthread health([&](const std::stop_token& end) {
    context_.guard.run("health", end, [&] { follower.watch_health(end); });
  });
  const std::jthread notices([&](const std::stop_token& end) {
    context_.guard.run("notices", end, [&] { run_notices_.run(end, context_.heartbeats); });
  });
  Heartbeats::Loop loop(context_.heartbeats);
  auto last_cycle = steady_now();  // when it was due
  auto next_publish = steady_now();
  while (!stop.stop_requested()) {
    apply_pending_settings(next_publish);
    const auto interval = settings_.options.interval;
    const auto next_cycle = last_cycle + interval;
    publish_when_due(next_publish, next_cycle, loop, stop);
    if (steady_now() < next_cycle || stop.stop_requested()) continue;
    report_cycle();
    begin_cycle();
    state_.mark_changed();  // also without a change: readers judge the age of what is published
    const auto late = (steady_now() - next_cycle) / interval;
    last_cycle = next_cycle + late * interval;  // missed cycles are not made up for
  }
  state_.decide_all();  // the next daemon cannot
  if (state_.take_changed()) publish();
}

/// Waits for something to publish or to sample, and does it.
void ContainerMonitor::Impl::publish_when_due(SteadyTime& next_publish, SteadyTime next_cycle,
                                              Heartbeats::Loop& loop, const std::stop_token& stop) {
  const bool may_publish = steady_now() >= next_publish;
  auto deadline = may_publish ? next_cycle : std::min(next_publish, next_cycle);
  if (kernel_) deadline = std::min(deadline, kernel_->next_loads());
  state_.wait(loop.beat(deadline), may_publish, stop);
  const bool has_changed = may_publish && state_.take_changed();
  if (kernel_ && kernel_->follow_runs()) kernel_->sample(SampleScope::not_yet_sampled);
  if (kernel_) kernel_->read_loads_when_due(steady_now());
  for (const auto& id : state_.take_due()) schedule_inspect(workers_, id);
  if (!has_changed) return;
  publish();
  next_publish = after_publication();
}

/// The earliest time of the next publication.
SteadyTime ContainerMonitor::Impl::after_publication() {
  const auto containers =
      state_.with_inventory([](const Inventory& inventory) { return inventory.size(); });
  return steady_now() + publish_gap + containers * publish_gap_of_container;
}

// --- settings -----------------------------------------------------------------------------------

void ContainerMonitor::Impl::reconfigure(MonitorSettings settings) {
  pending_.put(std::move(settings));
  state_.interrupt();
}

/// Publishes what has changed before it reports the settings as applied.
void ContainerMonitor::Impl::apply_pending_settings(SteadyTime& next_publish) {
  const auto settings = pending_.take();
  if (!settings) return;
  if (*settings != settings_) {
    apply(*settings);
    state_.mark_changed();
    if (state_.take_changed()) {
      publish();
      next_publish = after_publication();
    }
  }
  pending_.applied();
}

void ContainerMonitor::Impl::apply(const MonitorSettings& settings) {
  const bool other_source = settings.options.stats_source != settings_.options.stats_source;
  const bool other_groups = settings.optional_groups != settings_.optional_groups;
  const bool other_peaks = settings.options.peak_interval != settings_.options.peak_interval;
  settings_ = settings;
  scheduler_.set_limits(settings.options.max_in_flight, settings.max_connections);
  auto newly_watched = state_.reconfigure(settings.options);
  choose_source(settings);
  if (kernel_) {
    std::ignore = kernel_->follow_runs();
    const bool sample_all = other_source || other_groups || other_peaks;
    kernel_->sample(sample_all ? SampleScope::all : SampleScope::not_yet_sampled);
  }
  if (!state_.is_up()) return;  // the inventory to come asks about all containers
  if (other_source) {
    auto ids = state_.with_inventory(
        [](const Inventory& inventory) { return inventory.ids_sampled_by_engine(); });
    schedule_over(0ns, scheduler_, CallScheduler::Call::sample, std::move(ids));
  }
  schedule_over(0ns, scheduler_, CallScheduler::Call::inspect, std::move(newly_watched));
}

void ContainerMonitor::Impl::choose_source(const MonitorSettings& settings) {
  if (settings.options.stats_source == config::StatsChoice::engine) {
    kernel_.reset();
  } else if (kernel_) {
    kernel_->reconfigure(settings);
  } else {
    kernel_.emplace(workers_, run_notices_, settings, context_.kernel, context_.stat_filesystem);
  }
}

// --- cycles and snapshots -----------------------------------------------------------------------

void ContainerMonitor::Impl::begin_cycle() {
  if (kernel_) {
    kernel_->end_interval();
    kernel_->sample(SampleScope::all);
  }
  if (!state_.is_up()) return;
  auto ids = state_.with_inventory(
      [](const Inventory& inventory) { return inventory.ids_sampled_by_engine(); });
  schedule_over(settings_.options.interval, scheduler_, CallScheduler::Call::sample,
                std::move(ids));
  measure_layers(/*every_one=*/false);
  refresh_some();
}

/// Some changes come without an event: a failed removal, the streak of a health check. An inspect
/// shows them, of one container after another, each due at its own time within the cycle.
void ContainerMonitor::Impl::refresh_some() {
  const auto now = steady_now();
  std::vector<CallScheduler::Task> due;
  state_.with_inventory([&](Inventory& inventory) {
    for (auto at = now; at < now + settings_.options.interval; at += refresh_step) {
      if (auto id = inventory.next_to_refresh(at)) {
        due.push_back({CallScheduler::Call::inspect, std::move(*id), at});
      }
    }
  });
  for (auto& task : due) scheduler_.schedule(std::move(task));
}

void ContainerMonitor::Impl::measure_layers(bool every_one) {
  if (settings_.options.filesystem_interval.count() == 0) return;
  auto ids = state_.with_inventory(
      [&](Inventory& inventory) { return inventory.take_ids_to_measure(steady_now(), every_one); });
  schedule_over(every_one ? 0ns : settings_.options.interval, scheduler_,
                CallScheduler::Call::measure, std::move(ids));
}

void ContainerMonitor::Impl::report_cycle() {
  context_.on_cycle_finished(counts_.take(endpoint_));
}

void ContainerMonitor::Impl::publish() {
  const auto host = kernel_ ? kernel_->host() : nullptr;
  // Under the mutex, as what the recycled snapshot held may be the last use of samples, which are
  // given up where the inventory gives up the others.
  auto snapshot = state_.with_inventory([&](const Inventory&) { return recycler_.take(); });
  const auto now = moment_now();
  snapshot->endpoint = endpoint_;
  snapshot->taken_at = now.wall;
  snapshot->published_at = now.steady;
  snapshot->max_in_flight = scheduler_.limit();
  snapshot->host = host;
  snapshot->negotiated_api_version = context_.clients.api_version(endpoint_);
  state_.write_snapshot(*snapshot, now);
  context_.snapshots.publish(std::move(snapshot));
}

ContainerMonitor::ContainerMonitor(std::string endpoint, const MonitorSettings& settings,
                                   const MonitorContext& context)
    : impl_(std::make_unique<Impl>(std::move(endpoint), settings, context)) {}

ContainerMonitor::~ContainerMonitor() = default;

void ContainerMonitor::run_once(const std::stop_token& stop) {
  impl_->run_once(stop);
}

void ContainerMonitor::run(const std::stop_token& stop) {
  impl_->run(stop);
}

void ContainerMonitor::reconfigure(MonitorSettings settings) {
  impl_->reconfigure(std::move(settings));
}

bool ContainerMonitor::wait_until_reconfigured(SteadyTime deadline) {
  return impl_->wait_until_reconfigured(deadline);
}

}  // namespace tidegauge::monitor
