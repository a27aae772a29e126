// GET /containers/{id}/json, with and without ?size=1

#include "docker/replies.h"
#include "fuzz/oracle.h"

using namespace tidegauge;

namespace {

void describe(const model::ContainerLimits& limits, fuzz::Facts& facts) {
  facts.number("memory", limits.memory_bytes);
  facts.number("memory reservation", limits.memory_reservation_bytes);
  facts.number("memory and swap", limits.memory_swap_bytes);
  facts.number("shares", limits.cpu_shares, {1024});
  facts.number("pids limit", limits.pids);
  facts.number("period", limits.cpu_period_us, {100'000});
  facts.derived("quota", limits.cpu_quota_us);
  if (limits.cpu_quota_us && !facts.numbers().contain(std::to_string(*limits.cpu_quota_us)) &&
      !facts.numbers().contain_multiple(*limits.cpu_quota_us, 10'000)) {
    fuzz::finding("a quota that nobody said");
  }
  if (limits.cpu_quota_us && !limits.cpu_period_us) fuzz::finding("a quota of no period");
}

void describe(const model::Container& container, fuzz::Facts& facts) {
  if (container.id.empty()) fuzz::finding("no id");
  facts.text("id", container.id);
  facts.text("name", container.name);
  facts.text("image", container.image);
  facts.texts("label", container.labels);
  facts.text("state", to_string(container.state));
  facts.text("health", to_string(container.health));
  facts.number("streak", container.health_failing_streak);
  facts.signed_number("exit code of the check", container.last_health_check.exit_code);
  if (const auto seconds = container.last_health_check.duration_seconds) {
    facts.text("duration of the check", std::to_string(*seconds));
    if (*seconds < 0) fuzz::finding("a health check that ended before it began");
  }
  facts.time("created", container.created_at);
  facts.time("started", container.started_at);
  facts.time("finished", container.finished_at);
  facts.signed_number("exit code", container.exit_code);
  facts.text("oom", container.oom_killed ? "yes" : "no");
  facts.number("restarts", container.restart_count);
  facts.signed_number("pid", container.pid);
  facts.text("cgroup parent", container.cgroup_parent);
  facts.text("tty", container.tty ? "yes" : "no");
  describe(container.limits, facts);
  if (container.pid && *container.pid <= 0) fuzz::finding("a pid that none can be");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::check_json(fuzz::text_of(data, size), docker::parse_container,
                   [](const auto& value, fuzz::Facts& facts) { describe(value, facts); });
  fuzz::check_json(fuzz::text_of(data, size), docker::parse_container_size,
                   [](std::uint64_t bytes, fuzz::Facts& facts) { facts.number("size", bytes); });
  return 0;
}
