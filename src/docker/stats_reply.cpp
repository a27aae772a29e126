#include <map>
#include <optional>
#include <utility>

#include "docker/replies.h"
#include "tidegauge/json/reader.h"
#include "tidegauge/util/timestamp.h"

namespace tidegauge::docker {
namespace {

std::optional<double> seconds(json::Value nanoseconds) {
  const auto count = nanoseconds.count();
  if (!count) return std::nullopt;
  return static_cast<double>(*count) * 1e-9;
}

std::optional<model::CpuStats::Throttling> throttling(json::Value data) {
  const auto periods = data["periods"].count();
  const auto throttled = data["throttled_periods"].count();
  const auto time = seconds(data["throttled_time"]);
  if (!periods || !throttled || !time) return std::nullopt;
  return model::CpuStats::Throttling{
      .periods = *periods, .throttled_periods = *throttled, .throttled_seconds = *time};
}

std::optional<model::CpuStats> cpu_stats(json::Value cpu) {
  const auto usage = cpu["cpu_usage"];
  const auto total = seconds(usage["total_usage"]);
  // A running container has used CPU time: 0 means that nothing counts it.
  if (!total || *total == 0) return std::nullopt;
  return model::CpuStats{.usage_seconds = *total,
                         .user_seconds = seconds(usage["usage_in_usermode"]),
                         .system_seconds = seconds(usage["usage_in_kernelmode"]),
                         .throttling = throttling(cpu["throttling_data"])};
}

/// The value under cgroup v1's key (the one for the whole hierarchy), else under cgroup v2's key.
std::optional<std::uint64_t> either(json::Value stats, const char* v1, const char* v2) {
  const auto value = stats[v1].count();
  return value ? value : stats[v2].count();
}

/// Nothing where the memory controller is off (Raspberry Pi OS): the Engine sends `{}`.
std::optional<model::MemoryStats> memory_stats(json::Value memory) {
  const auto usage = memory["usage"].count();
  if (!usage) return std::nullopt;
  const auto detail = memory["stats"];
  model::MemoryStats stats;
  stats.usage_bytes = *usage;
  stats.inactive_file_bytes = either(detail, "total_inactive_file", "inactive_file");
  stats.active_file_bytes = either(detail, "total_active_file", "active_file");
  stats.working_set_bytes = model::working_set(*usage, stats.inactive_file_bytes);
  stats.rss_bytes = either(detail, "total_rss", "anon");
  stats.cache_bytes = either(detail, "total_cache", "file");
  stats.mapped_file_bytes = either(detail, "total_mapped_file", "file_mapped");
  stats.swap_bytes = detail["total_swap"].count();
  stats.page_faults = either(detail, "total_pgfault", "pgfault");
  stats.major_page_faults = either(detail, "total_pgmajfault", "pgmajfault");
  stats.max_usage_bytes = memory["max_usage"].count();
  // The Engine omits a fail count of zero. Only cgroup v1 counts failures, and it always has the
  // maximum.
  if (stats.max_usage_bytes) stats.fail_count = memory["failcnt"].count_or(0);
  return stats;
}

std::vector<model::NetworkStats> network_stats(json::Value networks) {
  std::vector<model::NetworkStats> all;
  for (const auto& [name, value] : networks.members()) {
    const auto number = [&v = value](const char* key) { return v[key].count(); };
    all.push_back({.interface = std::string(name),
                   .receive_bytes = number("rx_bytes"),
                   .receive_packets = number("rx_packets"),
                   .receive_errors = number("rx_errors"),
                   .receive_dropped = number("rx_dropped"),
                   .transmit_bytes = number("tx_bytes"),
                   .transmit_packets = number("tx_packets"),
                   .transmit_errors = number("tx_errors"),
                   .transmit_dropped = number("tx_dropped")});
  }
  json::sort_by_key(all, &model::NetworkStats::interface);
  return all;
}

using Devices = std::map<std::pair<std::uint32_t, std::uint32_t>, model::BlockIoStats>;

void read_block_io(json::Value blkio, const char* key,
                   std::optional<std::uint64_t> model::BlockIoStats::* read,
                   std::optional<std::uint64_t> model::BlockIoStats::* write, Devices& devices) {
  for (const auto row : blkio[key].elements()) {
    const auto operation = row["op"].text();
    const bool reads = operation == "Read" || operation == "read";
    if (!reads && operation != "Write" && operation != "write") continue;
    const auto major = row["major"].integer<std::uint32_t>();
    const auto minor = row["minor"].integer<std::uint32_t>();
    if (!major || !minor) continue;
    auto& device = devices[{*major, *minor}];
    device.major = *major;
    device.minor = *minor;
    device.*(reads ? read : write) = row["value"].count();
  }
}

std::vector<model::BlockIoStats> block_io_stats(json::Value blkio) {
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
  const auto document = json::Document::parse_object(body);
  if (!document) return fail(document.error());
  const auto root = document->root();
  const auto read_at = parse_timestamp(root["read"].text());
  if (!read_at) return stopped;
  model::ContainerStats stats;
  stats.read_at = *read_at;
  stats.cpu = cpu_stats(root["cpu_stats"]);
  stats.memory = memory_stats(root["memory_stats"]);
  stats.networks = network_stats(root["networks"]);
  stats.block_io = block_io_stats(root["blkio_stats"]);
  const auto pids = root["pids_stats"];
  stats.pids = pids["current"].count();
  stats.pids_limit = pids["limit"].positive();
  // Zeros: the container stopped during the call, and nothing was measured.
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

}  // namespace tidegauge::docker
