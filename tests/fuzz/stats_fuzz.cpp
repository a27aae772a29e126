// GET /containers/{id}/stats

#include "docker/json.h"
#include "fuzz/oracle.h"

using namespace tidegauge;

namespace {

void describe(const model::CpuStats& cpu, fuzz::Facts& facts) {
  facts.nanoseconds("usage", cpu.usage_seconds);
  facts.nanoseconds("user", cpu.user_seconds);
  facts.nanoseconds("system", cpu.system_seconds);
  if (!cpu.throttling) return;
  facts.number("periods", cpu.throttling->periods);
  facts.number("throttled", cpu.throttling->throttled_periods);
  facts.nanoseconds("throttled time", cpu.throttling->throttled_seconds);
}

void describe(const model::MemoryStats& memory, fuzz::Facts& facts) {
  facts.number("usage", memory.usage_bytes);
  facts.derived("working set", memory.working_set_bytes);
  facts.number("rss", memory.rss_bytes);
  facts.number("cache", memory.cache_bytes);
  facts.number("mapped", memory.mapped_file_bytes);
  facts.number("kernel", memory.kernel_bytes);
  facts.number("swap", memory.swap_bytes);
  facts.number("max", memory.max_usage_bytes);
  facts.number("active", memory.active_file_bytes);
  facts.number("inactive", memory.inactive_file_bytes);
  facts.number("failures", memory.fail_count, {0});
  facts.number("faults", memory.page_faults);
  facts.number("major faults", memory.major_page_faults);
  if (memory.working_set_bytes > memory.usage_bytes) fuzz::finding("more in work than in use");
}

void describe(const model::NetworkStats& network, fuzz::Facts& facts) {
  facts.text("interface", network.interface);
  facts.number("rx bytes", network.receive_bytes);
  facts.number("rx packets", network.receive_packets);
  facts.number("rx errors", network.receive_errors);
  facts.number("rx dropped", network.receive_dropped);
  facts.number("tx bytes", network.transmit_bytes);
  facts.number("tx packets", network.transmit_packets);
  facts.number("tx errors", network.transmit_errors);
  facts.number("tx dropped", network.transmit_dropped);
}

void describe(const model::BlockIoStats& device, fuzz::Facts& facts) {
  facts.number("major", device.major);
  facts.number("minor", device.minor);
  facts.number("read bytes", device.read_bytes);
  facts.number("written bytes", device.write_bytes);
  facts.number("reads", device.reads);
  facts.number("writes", device.writes);
}

void describe(const model::ContainerStats& stats, fuzz::Facts& facts) {
  facts.time("read", stats.read_at);
  if (stats.cpu) describe(*stats.cpu, facts);
  if (stats.memory) describe(*stats.memory, facts);
  for (const auto& network : stats.networks) describe(network, facts);
  for (const auto& device : stats.block_io) describe(device, facts);
  facts.number("pids", stats.pids);
  facts.number("pids limit", stats.pids_limit);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;  // Podman's way to say nothing
  fuzz::check_json(fuzz::text_of(data, size), docker::json::parse_container_stats,
                   [](const auto& value, fuzz::Facts& facts) { describe(value, facts); });
  return 0;
}
