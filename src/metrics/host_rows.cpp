#include "metrics/metric_table.h"

namespace tidegauge::metrics {
namespace {

using enum MetricType;
using model::FilesystemStats;
using model::HostStats;

constexpr Row<FilesystemStats> filesystem_metrics[] = {
    {{"container_fs_usage_bytes", gauge,
      "Bytes in use on the file system; for a container, the size of its writable layer.",
      "device"},
     [](const FilesystemStats& filesystem, const Samples& out) {
       out.add(filesystem.usage_bytes);
     }},
    {{"container_fs_limit_bytes", gauge, "Size of the file system.", "device"},
     [](const FilesystemStats& filesystem, const Samples& out) {
       out.add(filesystem.limit_bytes);
     }},
    {{"container_fs_inodes_total", gauge,
      "Inodes of the file system. Absent if the file system creates inodes on demand.", "device"},
     [](const FilesystemStats& filesystem, const Samples& out) { out.add(filesystem.inodes); }},
    {{"container_fs_inodes_free", gauge, "Free inodes of the file system.", "device"},
     [](const FilesystemStats& filesystem, const Samples& out) {
       out.add(filesystem.inodes_free);
     }},
    {{"container_fs_usage_timestamp_seconds", gauge,
      "Time of the last measurement of the container's writable layer, in seconds since the Unix "
      "epoch.",
      "device"},
     [](const FilesystemStats& filesystem, const Samples& out) {
       if (filesystem.measured_at) out.add(to_unix_seconds(*filesystem.measured_at));
     }},
};

constexpr Row<HostStats> machine_metrics[] = {
    {{"machine_cpu_sockets", gauge, "CPU sockets of the machine."},
     [](const HostStats& host, const Samples& out) { out.add(host.cpu_sockets); }},
    {{"machine_cpu_physical_cores", gauge, "Physical CPU cores of the machine."},
     [](const HostStats& host, const Samples& out) { out.add(host.cpu_physical_cores); }},
    {{"machine_swap_bytes", gauge, "Size of the machine's swap."},
     [](const HostStats& host, const Samples& out) { out.add(host.swap_bytes); }},
    {{"tidegauge_filesystems_stuck", gauge,
      "File systems of the machine that do not answer. They have no container_fs series."},
     [](const HostStats& host, const Samples& out) {
       out.add(std::uint64_t{host.stuck_filesystems.size()});
     }},
};

}  // namespace

std::span<const Row<HostStats>> machine_rows() noexcept {
  return machine_metrics;
}
std::span<const Row<FilesystemStats>> filesystem_rows() noexcept {
  return filesystem_metrics;
}

}  // namespace tidegauge::metrics
