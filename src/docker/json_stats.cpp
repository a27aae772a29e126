#include <map>
#include <optional>
#include <utility>

#include "docker/json.h"
#include "docker/json_document.h"
#include "docker/timestamp.h"

namespace tidegauge::docker::json {
namespace {

std::optional<model::CpuStats::Throttling> throttling(const Value& data) {
  const auto periods = count(data, "periods");
  const auto throttled = count(data, "throttled_periods");
  const auto time = seconds(data, "throttled_time");
  if (!periods || !throttled || !time) return std::nullopt;
  return model::CpuStats::Throttling{
      .periods = *periods, .throttled_periods = *throttled, .throttled_seconds = *time};
}

std::optional<model::CpuStats> cpu_stats(const Value& cpu) {
  const auto& usage = object(cpu, "cpu_usage");
  const auto total = seconds(usage, "total_usage");
  // No container lives without any: 0 means that nothing counts it.
  if (!total || *total == 0) return std::nullopt;
  return model::CpuStats{.usage_seconds = *total,
                         .user_seconds = seconds(usage, "usage_in_usermode"),
                         .system_seconds = seconds(usage, "usage_in_kernelmode"),
                         .throttling = throttling(object(cpu, "throttling_data"))};
}

/// The first of two keys that is there: cgroup v1's name, of the whole hierarchy, then v2's.
std::optional<std::uint64_t> either(const Value& stats, const char* v1, const char* v2) {
  const auto value = count(stats, v1);
  return value ? value : count(stats, v2);
}

/// Nothing where the memory controller is off, as on Raspberry Pi OS: the Engine sends `{}`.
std::optional<model::MemoryStats> memory_stats(const Value& memory) {
  const auto usage = count(memory, "usage");
  if (!usage) return std::nullopt;
  const auto& detail = object(memory, "stats");
  model::MemoryStats stats;
  stats.usage_bytes = *usage;
  stats.inactive_file_bytes = either(detail, "total_inactive_file", "inactive_file");
  stats.active_file_bytes = either(detail, "total_active_file", "active_file");
  stats.working_set_bytes = model::working_set(*usage, stats.inactive_file_bytes);
  stats.rss_bytes = either(detail, "total_rss", "anon");
  stats.cache_bytes = either(detail, "total_cache", "file");
  stats.mapped_file_bytes = either(detail, "total_mapped_file", "file_mapped");
  stats.swap_bytes = count(detail, "total_swap");
  stats.page_faults = either(detail, "total_pgfault", "pgfault");
  stats.major_page_faults = either(detail, "total_pgmajfault", "pgmajfault");
  stats.max_usage_bytes = count(memory, "max_usage");
  // The Engine leaves a zero out. Only cgroup v1 counts these, and it always has the maximum.
  if (stats.max_usage_bytes) stats.fail_count = count_or(memory, "failcnt", 0);
  return stats;
}

std::vector<model::NetworkStats> network_stats(const Value& networks) {
  std::vector<model::NetworkStats> all;
  for (const auto& [name, value] : networks.GetObject()) {
    const auto number = [&v = value](const char* key) { return count(v, key); };
    all.push_back({.interface = std::string(view(name)),
                   .receive_bytes = number("rx_bytes"),
                   .receive_packets = number("rx_packets"),
                   .receive_errors = number("rx_errors"),
                   .receive_dropped = number("rx_dropped"),
                   .transmit_bytes = number("tx_bytes"),
                   .transmit_packets = number("tx_packets"),
                   .transmit_errors = number("tx_errors"),
                   .transmit_dropped = number("tx_dropped")});
  }
  sort_by_key(all, &model::NetworkStats::interface);
  return all;
}

using Devices = std::map<std::pair<std::uint32_t, std::uint32_t>, model::BlockIoStats>;

void read_block_io(const Value& blkio, const char* key,
                   std::optional<std::uint64_t> model::BlockIoStats::* read,
                   std::optional<std::uint64_t> model::BlockIoStats::* write, Devices& devices) {
  const auto* const rows = member(blkio, key);
  if (rows == nullptr || !rows->IsArray()) return;
  for (const auto& row : rows->GetArray()) {
    const auto operation = text(row, "op");
    const bool reads = operation == "Read" || operation == "read";
    if (!reads && operation != "Write" && operation != "write") continue;
    const auto major = small<std::uint32_t>(integer(row, "major"));
    const auto minor = small<std::uint32_t>(integer(row, "minor"));
    if (!major || !minor) continue;
    auto& device = devices[{*major, *minor}];
    device.major = *major;
    device.minor = *minor;
    device.*(reads ? read : write) = count(row, "value");
  }
}

std::vector<model::BlockIoStats> block_io_stats(const Value& blkio) {
  Devices devices;
  read_block_io(blkio, "io_service_bytes_recursive", &model::BlockIoStats::read_bytes,
                &model::BlockIoStats::write_bytes, devices);
  read_block_io(blkio, "io_serviced_recursive", &model::BlockIoStats::reads,
                &model::BlockIoStats::writes, devices);
  std::vector<model::BlockIoStats> all;
  for (auto& [number, device] : devices) all.push_back(std::move(device));
  return all;
}

}  // namespace

Result<model::ContainerStats> parse_container_stats(std::string_view body) {
  model::ContainerStats stopped{.has_processes = false};
  if (body.empty()) return stopped;
  Tree tree;
  if (auto parsed = tree.parse(body, rapidjson::kObjectType); !parsed) return fail(parsed.error());
  const auto& root = tree.root();
  const auto read_at = parse_timestamp(text(root, "read"));
  if (!read_at) return stopped;
  model::ContainerStats stats;
  stats.read_at = *read_at;
  stats.cpu = cpu_stats(object(root, "cpu_stats"));
  stats.memory = memory_stats(object(root, "memory_stats"));
  stats.networks = network_stats(object(root, "networks"));
  stats.block_io = block_io_stats(object(root, "blkio_stats"));
  const auto& pids = object(root, "pids_stats");
  stats.pids = count(pids, "current");
  stats.pids_limit = positive(pids, "limit");
  // Zeros of a container that has stopped while it was asked about: nothing was measured.
  if (!stats.cpu && !stats.memory && !stats.pids) return stopped;
  return stats;
}

void drop_what_podman_gets_wrong(model::ContainerStats& stats) {
  stats.networks.clear();
  stats.block_io.clear();
  if (!stats.cpu) return;
  stats.cpu->user_seconds.reset();
  stats.cpu->system_seconds.reset();
}

}  // namespace tidegauge::docker::json
