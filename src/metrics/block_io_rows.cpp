// Metrics of what a container reads from and writes to block devices.

#include <cstdint>
#include <optional>
#include <string>

#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;
using model::BlockIoStats;

/// Only the machine has sectors (`in_progress` tells it from a container): cgroups count bytes.
std::optional<std::uint64_t> sectors(const BlockIoStats& io,
                                     const std::optional<std::uint64_t>& bytes) {
  constexpr std::uint64_t sector = 512;
  const bool is_machine = io.in_progress.has_value();
  return is_machine && bytes ? std::optional(*bytes / sector) : std::nullopt;
}

constexpr Row<BlockIoStats> block_io_metrics[] = {
    {{"container_fs_reads_bytes_total", counter, "Bytes read from the device.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.read_bytes); }},
    {{"container_fs_reads_total", counter, "Reads from the device.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.reads); }},
    {{"container_fs_writes_bytes_total", counter, "Bytes written to the device.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.write_bytes); }},
    {{"container_fs_writes_total", counter, "Writes to the device.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.writes); }},
    {{"container_blkio_device_usage_total", counter,
      "Bytes read from and written to the device, by operation (Read, Write).",
      "device, major, minor, operation"},
     [](const BlockIoStats& io, const Samples& out) {
       const auto major = std::to_string(io.major);
       const auto minor = std::to_string(io.minor);
       out.add(io.read_bytes, {{"major", major}, {"minor", minor}, {"operation", "Read"}});
       out.add(io.write_bytes, {{"major", major}, {"minor", minor}, {"operation", "Write"}});
     }},
    {{"container_fs_io_cost_usage_seconds_total", counter,
      "Device time used, in the model of the kernel's io.cost. Absent if io.cost is off.",
      "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.cost.usage_seconds); }},
    {{"container_fs_io_cost_wait_seconds_total", counter,
      "Time for which I/O waited because the io.cost share was exhausted.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.cost.wait_seconds); }},
    {{"container_fs_io_cost_indebt_seconds_total", counter,
      "Time for which the cgroup was in debt to io.cost.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.cost.indebt_seconds); }},
    {{"container_fs_io_cost_indelay_seconds_total", counter,
      "Time for which processes were delayed because of debt to io.cost.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.cost.indelay_seconds); }},
    {{"container_fs_sector_reads_total", counter,
      "Sectors of 512 bytes read. Only for the machine.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(sectors(io, io.read_bytes)); }},
    {{"container_fs_sector_writes_total", counter,
      "Sectors of 512 bytes written. Only for the machine.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(sectors(io, io.write_bytes)); }},
    {{"container_fs_reads_merged_total", counter,
      "Reads merged with another read. Only for the machine.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.reads_merged); }},
    {{"container_fs_writes_merged_total", counter,
      "Writes merged with another write. Only for the machine.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.writes_merged); }},
    {{"container_fs_read_seconds_total", counter, "Total time of all reads. Only for the machine.",
      "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.read_seconds); }},
    {{"container_fs_write_seconds_total", counter,
      "Total time of all writes. Only for the machine.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.write_seconds); }},
    {{"container_fs_io_current", gauge, "Reads and writes in progress. Only for the machine.",
      "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.in_progress); }},
    {{"container_fs_io_time_seconds_total", counter,
      "Time in which the device was busy. Only for the machine.", "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.busy_seconds); }},
    {{"container_fs_io_time_weighted_seconds_total", counter,
      "Busy time of the device, weighted by the reads and writes in progress. Only for the "
      "machine.",
      "device"},
     [](const BlockIoStats& io, const Samples& out) { out.add(io.weighted_busy_seconds); }},
};

}  // namespace

std::span<const Row<BlockIoStats>> block_io_rows() noexcept {
  return block_io_metrics;
}

}  // namespace tidegauge::metrics
