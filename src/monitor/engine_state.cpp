#include "monitor/engine_state.h"

#include <algorithm>
#include <utility>

namespace tidegauge::monitor {
namespace {

model::StatsSource first_source(config::StatsChoice choice) {
  return choice == config::StatsChoice::engine ? model::StatsSource::engine
                                               : model::StatsSource::kernel;
}

}  // namespace

EngineState::EngineState(config::MonitorConfig options)
    : options_(std::move(options)), inventory_(options_, first_source(options_.stats_source)) {}

void EngineState::restore(const RestoredState& state) {
  const MutexLock lock(mutex_);
  inventory_.restore(state, moment_now());
}

std::vector<std::string> EngineState::reconfigure(config::MonitorConfig options) {
  const MutexLock lock(mutex_);
  const bool other_source = options.stats_source != options_.stats_source;
  options_ = std::move(options);
  auto newly_watched = inventory_.options_changed(moment_now());
  if (other_source) inventory_.set_source_of_all(first_source(options_.stats_source));
  for (const auto& id : inventory_.ids()) mark_for_kernel(id);
  if (!kernel_samples()) pending_kernel_ids_.clear();  // nobody takes them any more
  return newly_watched;
}

EngineState::Pace EngineState::pace() const {
  const MutexLock lock(mutex_);
  return {.interval = options_.interval, .reconcile_interval = options_.reconcile_interval};
}

EngineState::Applied EngineState::apply(const model::Event& event) {
  const MutexLock lock(mutex_);
  const auto effect = inventory_.apply(event, moment_now());
  if (event.type == "container") mark_for_kernel(event.id);
  return {.effect = effect,
          .inspect = effect == Inventory::Effect::inspect && up_,
          .check_engine = inventory_.take_engine_check(),
          .read_log = options_.exit_log_lines > 0 && effect != Inventory::Effect::known &&
                      event.action == "die" && inventory_.is_watched(event.id)};
}

std::vector<std::string> EngineState::apply_list(const std::vector<model::ContainerSummary>& list,
                                                 InspectScope scope) {
  const MutexLock lock(mutex_);
  for (const auto& id : inventory_.ids()) mark_for_kernel(id);
  std::vector<std::string> to_inspect;
  if (scope == InspectScope::changed) to_inspect = inventory_.ids_that_differ(list);
  inventory_.resync(list, moment_now());
  if (scope == InspectScope::all) to_inspect = inventory_.ids_to_inspect();
  return to_inspect;
}

EngineState::Inspected EngineState::apply_inspect(const std::string& id, std::uint64_t version,
                                                  model::Container container) {
  const MutexLock lock(mutex_);
  if (!inventory_.record_inspected(id, version, std::move(container), moment_now())) return {};
  mark_for_kernel(id);
  // Without a process that the kernel could show, only the Engine can tell.
  const bool only_engine = options_.stats_source == config::StatsChoice::automatic &&
                           inventory_.is_sampled(id) && !inventory_.run_of(id);
  if (only_engine) inventory_.set_source(id, model::StatsSource::engine);
  return {.accepted = true,
          .sample_by_engine = inventory_.needs_sample(id) &&
                              inventory_.is_sampled_by(id, model::StatsSource::engine)};
}

bool EngineState::apply_engine_sample(const std::string& id,
                                      std::shared_ptr<model::ContainerStats> sample,
                                      std::uint64_t outages) {
  const MutexLock lock(mutex_);
  if (outages != outages_ || inventory_.is_sampled_by(id, model::StatsSource::kernel)) return false;
  inventory_.record_sampled(id, std::move(sample));
  return true;
}

void EngineState::await_inspects(SteadyTime deadline, const std::stop_token& stop) {
  MutexLock lock(mutex_);
  changed_.wait_until(lock, stop, deadline,
                      [this]() REQUIRES(mutex_) { return inventory_.asked_about_all(); });
}

bool EngineState::is_up() const {
  const MutexLock lock(mutex_);
  return up_;
}

std::uint64_t EngineState::outages() const {
  const MutexLock lock(mutex_);
  return outages_;
}

bool EngineState::set_up(std::uint64_t outages) {
  const MutexLock lock(mutex_);
  if (outages != outages_) return false;
  up_ = true;
  down_reason_.clear();
  inventory_.engine_up(steady_now());
  return std::exchange(failure_logged_, false);
}

bool EngineState::set_down(const Error& reason, bool loggable) {
  const MutexLock lock(mutex_);
  if (is_end(reason)) inventory_.engine_gone(steady_now());
  up_ = false;
  ++outages_;
  down_reason_ = reason.message;
  version_.reset();
  info_.reset();
  inventory_.forget_engine_samples();
  return loggable && !std::exchange(failure_logged_, true);
}

void EngineState::engine_checked(SteadyTime asked_at, bool ending) {
  const MutexLock lock(mutex_);
  inventory_.engine_checked(asked_at, ending && !containers_outlive(), moment_now());
}

bool EngineState::is_known_down() const {
  const MutexLock lock(mutex_);
  return !up_ && !down_reason_.empty();
}

void EngineState::record(model::EngineVersion version) {
  const MutexLock lock(mutex_);
  version_ = std::move(version);
}

void EngineState::record(model::EngineInfo info) {
  const MutexLock lock(mutex_);
  record_time(info);
  inventory_.learn_cgroup_driver(info);
  for (const auto& id : inventory_.ids()) mark_for_kernel(id);  // their cgroups may be elsewhere
  info_ = std::move(info);
}

bool EngineState::has_version() const {
  const MutexLock lock(mutex_);
  return version_.has_value();
}

bool EngineState::has_info() const {
  const MutexLock lock(mutex_);
  return info_.has_value();
}

bool EngineState::contradicts(const model::EngineInfo& info) {
  const MutexLock lock(mutex_);
  record_time(info);
  return info.containers && *info.containers != inventory_.size();
}

std::optional<std::string> EngineState::root_directory() const {
  const MutexLock lock(mutex_);
  return info_ ? std::optional(info_->docker_root_dir) : std::nullopt;
}

std::vector<EngineState::PendingRun> EngineState::take_pending_runs() {
  const MutexLock lock(mutex_);
  std::vector<PendingRun> runs;
  for (const auto& id : pending_kernel_ids_) {
    runs.push_back(
        {.id = id, .run = inventory_.run_of(id), .cgroup_path = inventory_.cgroup_path_of(id)});
  }
  pending_kernel_ids_.clear();
  return runs;
}

void EngineState::mark_changed() {
  {
    const MutexLock lock(mutex_);
    unpublished_ = up_ || !down_reason_.empty();
  }
  changed_.notify_all();
}

std::vector<std::string> EngineState::take_due() {
  const MutexLock lock(mutex_);
  auto due = inventory_.take_due(moment_now());
  unpublished_ = unpublished_ || due.changed;
  return std::move(due.to_inspect);
}

void EngineState::decide_all() {
  const MutexLock lock(mutex_);
  const auto due = inventory_.take_due({.steady = SteadyTime::max(), .wall = wall_now()});
  unpublished_ = unpublished_ || due.changed;
}

void EngineState::wait(SteadyTime deadline, bool for_changes, const std::stop_token& stop) {
  MutexLock lock(mutex_);
  deadline = std::min(deadline, inventory_.next_due().value_or(deadline));
  changed_.wait_until(lock, stop, deadline, [&]() REQUIRES(mutex_) {
    return interrupted_ || !pending_kernel_ids_.empty() || (for_changes && unpublished_);
  });
  interrupted_ = false;
}

void EngineState::interrupt() {
  {
    const MutexLock lock(mutex_);
    interrupted_ = true;
  }
  changed_.notify_all();
}

bool EngineState::take_changed() {
  const MutexLock lock(mutex_);
  return std::exchange(unpublished_, false);
}

void EngineState::write_snapshot(model::EngineSnapshot& snapshot, const Moment& now) {
  const MutexLock lock(mutex_);
  snapshot.up = up_;
  snapshot.down_reason = down_reason_;
  snapshot.version = version_;
  snapshot.info = info_;
  inventory_.write_snapshot(snapshot, now);
  if (version_ && version_->is_podman) {
    for (auto& [name, lifecycle] : snapshot.lifecycles) lifecycle.oom_events.reset();
  }
}

/// Whether the Engine itself has ended, and its containers with it. One that hangs has not.
bool EngineState::is_end(const Error& reason) const {
  const bool has_ended = reason.code == Errc::unreachable || reason.code == Errc::connection_lost;
  return has_ended && !containers_outlive();
}

bool EngineState::containers_outlive() const {
  return (version_ && version_->is_podman) || (info_ && info_->live_restore);
}

void EngineState::record_time(const model::EngineInfo& info) {
  if (info.system_time) inventory_.record_engine_time(*info.system_time, steady_now());
}

void EngineState::mark_for_kernel(const std::string& id) {
  if (kernel_samples()) pending_kernel_ids_.insert(id);
}

bool EngineState::kernel_samples() const {
  return options_.stats_source != config::StatsChoice::engine;
}

}  // namespace tidegauge::monitor
