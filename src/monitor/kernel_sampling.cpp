#include "monitor/kernel_sampling.h"

#include <optional>
#include <utility>

namespace tidegauge::monitor {

using namespace std::chrono_literals;

namespace {

constexpr Milliseconds fallback_pause = 1min;  // of a container whose files cannot be read

std::size_t sample_descriptors(const MonitorSettings& settings) {
  return settings.kernel_descriptors - descriptors_of_notices(settings);
}

/// What of the machine somebody may see. The size of a container's writable layer is shown with
/// that of the file system that it is on.
std::optional<cgroup::HostScope> host_scope(const MonitorSettings& settings) {
  if (settings.shows_machine) return cgroup::HostScope::machine;
  if (settings.options.filesystem_interval.count() > 0) return cgroup::HostScope::engine_filesystem;
  return std::nullopt;
}

}  // namespace

KernelSampling::KernelSampling(const WorkerContext& context, RunNotices& notices,
                               const MonitorSettings& settings, const cgroup::Paths& paths,
                               cgroup::FilesystemSampler::Stat stat_filesystem)
    : context_(context),
      notices_(notices),
      settings_(settings),
      sampler_(paths, sample_descriptors(settings), retry_pause(), settings.optional_groups),
      host_files_(paths, cgroup::FilesystemSampler(std::move(stat_filesystem), {})),
      host_scope_(host_scope(settings)) {
  sampler_.set_peak_interval(settings.options.peak_interval);
}

void KernelSampling::reconfigure(const MonitorSettings& settings) {
  const bool other_source = settings.options.stats_source != settings_.options.stats_source;
  const bool other_files = settings.kernel_descriptors != settings_.kernel_descriptors ||
                           settings.optional_groups != settings_.optional_groups;
  settings_ = settings;
  host_scope_ = host_scope(settings);
  host_.reset();
  sampler_.set_peak_interval(settings.options.peak_interval);
  if (!other_source && !other_files) return;
  sampler_.reconfigure(sample_descriptors(settings), retry_pause(), settings.optional_groups);
}

/// Without the Engine to fall back to, each cycle tries.
Milliseconds KernelSampling::retry_pause() const {
  return falls_back() ? fallback_pause : 0ms;
}

bool KernelSampling::follow_runs() {
  const auto runs = context_.state.take_pending_runs();
  for (const auto& [id, run, cgroup_path] : runs) {
    notices_.follow(id, cgroup_path);
    sampler_.follow(id, run);
  }
  return !runs.empty();
}

void KernelSampling::sample(SampleScope scope) {
  if (scope == SampleScope::all) host_.reset();
  const auto now = steady_now();
  // Under the mutex, as the inventory gives up the samples whose memory is used again.
  context_.state.with_inventory([&](const Inventory&) { sampler_.prepare(scope, now); });
  sampler_.sample(now);
  record_samples();
  for (const auto* const container : sampler_.sampled()) {
    const auto& [id, watched] = *container;
    if (watched.error) {
      sample_failed(id, watched);
      continue;
    }
    record_outcome(context_, id, CallKind::sample, std::nullopt);
    if (watched.was_located) {
      notices_.follow_found(id, watched.files->location().directory(cgroup::Hierarchy::unified));
    }
  }
  log_refused();
  notices_.log_unwatched();
  if (sampler_.sampled().empty() && scope != SampleScope::all) return;
  context_.counts.record_latency(steady_now() - now);
  context_.state.mark_changed();
}

void KernelSampling::read_loads_when_due(SteadyTime now) {
  if (now >= next_loads()) sampler_.read_loads(now);
}

void KernelSampling::record_samples() {
  context_.state.with_inventory([&](Inventory& inventory) {
    for (const auto* const container : sampler_.sampled()) {
      const auto& [id, watched] = *container;
      if (watched.error || inventory.run_of(id) != watched.run) continue;
      inventory.set_source(id, model::StatsSource::kernel);
      inventory.set_cgroup_path(id, watched.files->location().host_path);
      inventory.record_sampled(id, watched.sample);
    }
  });
}

/// A container that has just ended fails like one whose files are not visible. So the first failure
/// of a kind that may pass is not reported, and no failure is while the Engine is down: it would
/// have told of the end.
void KernelSampling::sample_failed(const std::string& id, const CgroupSampler::Watched& watched) {
  const auto& error = *watched.error;
  const bool is_reportable = watched.failures > 1 || !cgroup::is_transient(error.reason);
  const bool was_sampled = give_up_sample(id);
  const bool is_same_run = context_.state.with_inventory(
      [&](const Inventory& inventory) { return inventory.run_of(id) == watched.run; });
  if (!is_same_run || context_.state.is_known_down()) return;
  if (falls_back()) return fall_back(id, error, is_reportable, was_sampled);
  if (is_reportable) context_.counts.count_sample_error();
  record_outcome(context_, id, CallKind::sample,
                 is_reportable ? std::optional(Error{Errc::system, error.message}) : std::nullopt);
}

/// Returns whether there was one: the kernel has sampled the container before.
bool KernelSampling::give_up_sample(const std::string& id) {
  return context_.state.with_inventory([&](Inventory& inventory) {
    const bool was_sampled = inventory.is_sampled_by(id, model::StatsSource::kernel);
    if (was_sampled) inventory.record_sampled(id, nullptr);
    if (falls_back()) inventory.set_source(id, model::StatsSource::engine);
    return was_sampled;
  });
}

void KernelSampling::fall_back(const std::string& id, const cgroup::CgroupError& error,
                               bool is_reportable, bool was_sampled) {
  if (is_reportable && logged_reasons_.insert(error.reason).second) log_fallback(id, error);
  if (!was_sampled || !context_.clients.health(context_.endpoint).up) return;
  context_.scheduler.schedule({CallScheduler::Call::sample, id, steady_now()});
  // The container may have ended, and the event of that may be lost: an inspect tells.
  context_.state.with_inventory([&](Inventory& inventory) { inventory.expect_gap(id); });
  schedule_inspect(context_, id, inspect_debounce);
}

void KernelSampling::log_fallback(const std::string& id, const cgroup::CgroupError& error) {
  const auto name = context_.state.with_inventory(
      [&](const Inventory& inventory) { return inventory.name_of(id); });
  context_.logger.warn(
      "the kernel's numbers of a container cannot be read: the Engine is asked for them",
      {{"endpoint", context_.endpoint},
       {"container", name},
       {"container_id", id},
       {"reason", error.message}});
}

void KernelSampling::log_refused() {
  if (sampler_.refused().empty() || std::exchange(refused_logged_, true)) return;
  context_.logger.warn(
      "processes of containers cannot be counted in full: what is not visible is absent",
      {{"endpoint", context_.endpoint},
       {"reason", sampler_.refused()},
       {"remedy", "run as root or with the capabilities SYS_PTRACE and DAC_READ_SEARCH"}});
}

/// The Engine's answer names the file system that holds its own files.
std::shared_ptr<const model::HostStats> KernelSampling::host() {
  if (!host_scope_) return nullptr;
  if (const auto directory = context_.state.root_directory();
      directory && *directory != root_directory_) {
    root_directory_ = *directory;
    host_.reset();
  }
  if (!host_) {
    host_ =
        std::make_shared<const model::HostStats>(host_files_.sample(root_directory_, *host_scope_));
    log_stuck_filesystems();
  }
  return host_;
}

/// Each file system once: a disk array that hangs now and then must not fill the log.
void KernelSampling::log_stuck_filesystems() {
  for (const auto& filesystem : host_->stuck_filesystems) {
    if (!logged_filesystems_.insert(filesystem).second) continue;
    context_.logger.warn("a file system does not answer and is left out",
                         {{"endpoint", context_.endpoint}, {"filesystem", filesystem}});
  }
}

}  // namespace tidegauge::monitor
