#include "status/use_json.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "status/api_members.h"
#include "status/sum.h"

namespace tidegauge::status {
namespace {

void write_cpu(json::Writer& writer, const model::CpuStats& cpu) {
  writer.key("cpu_seconds").value(cpu.usage_seconds);
  if (cpu.throttling) writer.key("throttled_seconds").value(cpu.throttling->throttled_seconds);
}

void write_memory(json::Writer& writer, const model::MemoryStats& memory) {
  writer.key("memory_bytes").value(memory.usage_bytes);
  write_known(writer, "memory_working_set_bytes", memory.working_set_bytes);
  write_known(writer, "memory_anonymous_bytes", memory.rss_bytes);
  write_known(writer, "memory_cache_bytes", memory.cache_bytes);
  write_known(writer, "memory_peak_bytes", memory.max_usage_bytes);
  write_known(writer, "swap_bytes", memory.swap_bytes);
}

void write_traffic(json::Writer& writer, const model::ContainerStats& stats) {
  using model::BlockIoStats;
  using model::NetworkStats;
  write_known(writer, "network_receive_bytes",
              sum_of(stats.networks, &NetworkStats::receive_bytes));
  write_known(writer, "network_transmit_bytes",
              sum_of(stats.networks, &NetworkStats::transmit_bytes));
  write_known(writer, "disk_read_bytes", sum_of(stats.block_io, &BlockIoStats::read_bytes));
  write_known(writer, "disk_write_bytes", sum_of(stats.block_io, &BlockIoStats::write_bytes));
}

void write_pressure(json::Writer& writer, const model::PressureStats& pressure) {
  const auto write = [&](std::string_view waiting, std::string_view stalled,
                         const model::Pressure& of) {
    write_known(writer, waiting, of.waiting_seconds);
    write_known(writer, stalled, of.stalled_seconds);
  };
  write("cpu_waiting_seconds", "cpu_stalled_seconds", pressure.cpu);
  write("memory_waiting_seconds", "memory_stalled_seconds", pressure.memory);
  write("io_waiting_seconds", "io_stalled_seconds", pressure.io);
}

void write_rates(json::Writer& writer, const LatestRates& rates) {
  for (const auto measure : measures) {
    if (measure == Measure::memory) continue;  // is no rate, and in the sample itself
    write_known(writer, measure_members[static_cast<std::size_t>(measure)], rates[measure]);
  }
  write_known(writer, "throttled_share", rates.throttled_share);
  write_known(writer, "cpu_waiting_share", rates.cpu_waiting_share);
  write_known(writer, "memory_waiting_share", rates.memory_waiting_share);
  write_known(writer, "io_waiting_share", rates.io_waiting_share);
}

/// The number with the fewest digits that is this float: 0.1 and not 0.10000000149.
double with_few_digits(float value) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  double number = 0;
  std::from_chars(text.data(), written.ptr, number);
  return number;
}

}  // namespace

void write_use(json::Writer& writer, const model::ContainerStats& stats,
               const ContainerHistory* history) {
  writer.object([&] {
    writer.key("source").value(to_string(stats.source));
    write_time(writer, "read_at", stats.read_at);
    if (stats.cpu) write_cpu(writer, *stats.cpu);
    if (stats.memory) write_memory(writer, *stats.memory);
    write_traffic(writer, stats);
    write_known(writer, "pids", stats.pids);
    write_known(writer, "pids_limit", stats.pids_limit);
    if (stats.pressure) write_pressure(writer, *stats.pressure);
    if (history != nullptr) write_rates(writer, history->latest);
  });
}

void write_plots(json::Writer& writer, const ContainerHistory& history) {
  writer.object([&] {
    write_time(writer, "until", history.until);
    writer.key("step_seconds").value(step_length.count());
    for (const auto measure : measures) {
      writer.key(measure_members[static_cast<std::size_t>(measure)]).array([&] {
        for (const auto value : history[measure]) {
          std::isfinite(value) ? writer.value(with_few_digits(value)) : writer.null();
        }
      });
    }
  });
}

}  // namespace tidegauge::status
