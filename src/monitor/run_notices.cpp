#include "monitor/run_notices.h"

#include <utility>

namespace tidegauge::monitor {

using model::growth;

namespace {

/// A kill at the container's own limit always counts in `oom`. `max` grows as well where the kernel
/// only drops page cache at the limit, so it tells only where there is no `oom`.
bool was_at_own_limit(const model::MemoryEvents& before, const model::MemoryEvents& now) {
  return now.oom ? growth(before.oom, now.oom) > 0 : growth(before.max, now.max) > 0;
}

}  // namespace

MemoryKill memory_kill_of(const cgroup::RunNotice& notice) {
  const auto& before = notice.before;
  const auto& now = notice.reading.memory_events;
  return {.at = notice.reading.at.wall,
          .source = model::Evidence::Source::kernel,
          .processes = growth(before.oom_kill, now.oom_kill),
          .own_limit = was_at_own_limit(before, now),
          .ancestor = notice.limited_ancestor};
}

std::optional<model::RunUse> final_use_of(const cgroup::RunNotice& notice) {
  const auto& reading = notice.reading;
  if (!reading.cpu_seconds) return std::nullopt;
  return model::RunUse{.read_at = reading.at.wall,
                       .is_final = true,
                       .cpu_seconds = reading.cpu_seconds,
                       .memory_bytes = reading.memory_bytes,
                       .memory_peak_bytes = reading.memory_peak_bytes};
}

void RunNotices::follow(const std::string& id, const std::optional<std::string>& cgroup_path) {
  if (!cgroup_path) {
    watcher_.forget(id);
  } else if (!watcher_.why_unsupported()) {
    static_cast<void>(watcher_.expect(id, *cgroup_path));  // else the samples have to do
  }
}

void RunNotices::follow_found(const std::string& id, const std::string& directory) {
  if (directory.empty()) return;
  static_cast<void>(watcher_.expect_directory(id, directory));  // else the samples have to do
}

void RunNotices::log_unwatched() {
  const auto coverage = watcher_.coverage();
  if (coverage.unwatched == 0 || std::exchange(unwatched_logged_, true)) return;
  context_.logger.warn(
      "containers cannot be read at their end, and show what the last sample shows",
      {{"endpoint", context_.endpoint},
       {"containers", coverage.unwatched},
       {"reason", coverage.reason}});
}

void RunNotices::run(const std::stop_token& stop, Heartbeats* heartbeats) {
  watcher_.run(stop, [this](const cgroup::RunNotice& notice) { apply(notice); }, heartbeats);
}

void RunNotices::apply(const cgroup::RunNotice& notice) {
  context_.state.with_inventory([&](Inventory& inventory) {
    if (notice.kind == cgroup::RunNotice::Kind::out_of_memory) {
      inventory.record_memory_kill(notice.id, memory_kill_of(notice));
    } else if (const auto use = final_use_of(notice)) {
      inventory.record_final_use(notice.id, *use);
    }
  });
  context_.state.mark_changed();
}

}  // namespace tidegauge::monitor
