#include "monitor/cgroup_sampler.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace tidegauge::monitor {
namespace {

/// In the inventory, in the latest snapshot and in the one being made; one more where a scrape is
/// still reading. Beyond that the oldest is left to its readers.
constexpr std::size_t most_buffers = 4;

constexpr std::chrono::minutes settings_interval{1};  // for changes that no event tells of

void show(const IntervalPeaks::Highest& highest, model::ContainerStats& sample) {
  if (sample.cpu) sample.cpu->interval_max_cores = highest.cpu_cores;
  if (sample.memory) sample.memory->interval_max_usage_bytes = highest.memory_bytes;
}

}  // namespace

CgroupSampler::CgroupSampler(const cgroup::Paths& paths, std::size_t descriptors,
                             Milliseconds retry, const config::OptionalGroups& optional_groups)
    : paths_(paths),
      retry_(retry),
      optional_groups_(optional_groups),
      locator_(paths),
      budget_(descriptors),
      tools_{.devices = cgroup::DeviceNames(paths.sysfs)} {}

void CgroupSampler::reconfigure(std::size_t descriptors, Milliseconds retry,
                                const config::OptionalGroups& optional_groups) {
  for (auto& [id, watched] : containers_) {
    watched.files.reset();  // gives its descriptors back to the old budget
    watched.failures = 0;
    watched.next_try = {};
  }
  budget_ = cgroup::DescriptorBudget(descriptors);
  retry_ = retry;
  optional_groups_ = optional_groups;
}

void CgroupSampler::set_peak_interval(Milliseconds pace) {
  if (pace == pace_) return;
  pace_ = pace;
  next_loads_ = pace.count() > 0 ? SteadyTime{} : SteadyTime::max();
  for (auto& [id, watched] : containers_) watched.peaks = {};
}

void CgroupSampler::follow(const std::string& id, const std::optional<Inventory::Run>& run) {
  const auto known = containers_.find(id);
  if (known != containers_.end() && run == known->second.run) {
    if (known->second.files) known->second.files->forget_settings();
    return;
  }
  if (known != containers_.end()) containers_.erase(known);
  if (!run) return;
  containers_[id].run = *run;
  tools_.devices.forget();  // devices come and go, if rarely
}

void CgroupSampler::prepare(SampleScope whose, SteadyTime now) {
  tools_.settings_due = whose == SampleScope::all && now >= next_settings_;
  if (tools_.settings_due) next_settings_ = now + settings_interval;
  batch_.clear();
  for (auto& container : containers_) {
    auto& watched = container.second;
    if (watched.next_try > now) continue;
    if (whose == SampleScope::not_yet_sampled && (watched.files || watched.failures > 0)) continue;
    const auto unread = std::ranges::find_if(
        watched.buffers, [](const auto& buffer) { return buffer.use_count() == 1; });
    if (unread != watched.buffers.end()) {
      watched.sample = *unread;
    } else {
      if (watched.buffers.size() == most_buffers) watched.buffers.erase(watched.buffers.begin());
      watched.sample = watched.buffers.emplace_back(std::make_shared<model::ContainerStats>());
    }
    batch_.push_back(&container);
  }
}

void CgroupSampler::sample(SteadyTime now) {
  if (batch_.empty()) return;
  const auto blkio = locator_.mount_point(cgroup::Hierarchy::blkio);
  tools_.bfq_used = blkio.empty() || cgroup::is_bfq_used(blkio, tools_.reader);
  for (auto* const container : batch_) sample(container->first, container->second, now);
}

void CgroupSampler::sample(const std::string& id, Watched& watched, SteadyTime now) {
  watched.error.reset();
  watched.was_located = !watched.files;
  if (!watched.files) {
    watched.error = open(id, watched);
    read_load(watched);
  }
  if (watched.files) {
    auto sampled = watched.files->sample(tools_, *watched.sample);
    if (!sampled) watched.error = std::move(sampled.error());
  }
  if (!watched.error) {
    watched.failures = 0;
    show(watched.peaks.of_last_interval(), *watched.sample);
    return;
  }
  watched.sample.reset();
  watched.files.reset();
  ++watched.failures;
  // What may have been the moment is tried again with the next cycle.
  const auto reason = watched.error->reason;
  const bool soon = reason == cgroup::CgroupError::Reason::shortage ||
                    (watched.failures == 1 && cgroup::is_transient(reason));
  watched.next_try = soon ? now : now + retry_;
}

void CgroupSampler::read_loads(SteadyTime now) {
  // A late reading moves those to come, or the next mean would be over too short a time.
  next_loads_ = std::max(next_loads_ + pace_, now + pace_ * 7 / 8);
  for (auto& [id, watched] : containers_) read_load(watched);
}

void CgroupSampler::read_load(Watched& watched) {
  if (!watched.files || pace_.count() == 0) return;
  if (const auto load = watched.files->read_load(tools_)) watched.peaks.add(*load, pace_);
}

void CgroupSampler::end_interval() {
  for (auto& [id, watched] : containers_) watched.peaks.end_interval();
}

std::optional<cgroup::CgroupError> CgroupSampler::open(const std::string& id, Watched& watched) {
  auto location = locator_.locate(watched.run.pid, id);
  if (!location) return std::move(location.error());
  location->shares_network = watched.run.shares_network;
  auto files =
      cgroup::ContainerFiles::open(*std::move(location), paths_, budget_, optional_groups_);
  if (!files) return std::move(files.error());
  watched.files.emplace(*std::move(files));
  return std::nullopt;
}

}  // namespace tidegauge::monitor
