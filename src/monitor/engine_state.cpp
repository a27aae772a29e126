#include "monitor/engine_state.h"

namespace tidegauge::monitor {
namespace {

model::StatsSource first_source(config::StatsChoice choice) {
  return choice == config::StatsChoice::engine ? model::StatsSource::engine
                                               : model::StatsSource::kernel;
}

}  // namespace

EngineState::EngineState(const config::MonitorConfig& options, bool kernel_samples)
    : options_(options),
      kernel_samples_(kernel_samples),
      inventory_(options, first_source(options.stats_source)) {}

EngineState::Applied EngineState::apply(const model::Event& event) {
  const MutexLock lock(mutex_);
  const auto effect = inventory_.apply(event, moment_now());
  if (event.type == "container") mark_for_kernel(event.id);
  return {.effect = effect, .inspect = effect == Inventory::Effect::inspect && up_};
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
  return std::exchange(failure_logged_, false);
}

bool EngineState::set_down(const std::string& reason, bool loggable) {
  const MutexLock lock(mutex_);
  up_ = false;
  ++outages_;
  down_reason_ = reason;
  version_.reset();
  info_.reset();
  inventory_.forget_engine_samples();
  return loggable && !std::exchange(failure_logged_, true);
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

EngineState::Runs EngineState::take_pending_runs() {
  const MutexLock lock(mutex_);
  Runs runs;
  for (const auto& id : pending_kernel_ids_) runs.emplace_back(id, inventory_.run_of(id));
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

void EngineState::wait(SteadyTime deadline, bool for_changes, const std::stop_token& stop) {
  MutexLock lock(mutex_);
  changed_.wait_until(lock, stop, deadline, [&]() REQUIRES(mutex_) {
    return !pending_kernel_ids_.empty() || (for_changes && unpublished_);
  });
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

void EngineState::record_time(const model::EngineInfo& info) {
  if (info.system_time) inventory_.record_engine_time(*info.system_time, steady_now());
}

void EngineState::mark_for_kernel(const std::string& id) {
  if (kernel_samples_) pending_kernel_ids_.insert(id);
}

}  // namespace tidegauge::monitor
