#pragma once

// The parts of a sample that both of its sources give, as facts. `unit`: of the times in the text,
// in nanoseconds.

#include <cstdint>

#include "fuzz/oracle.h"
#include "tidegauge/model/container_stats.h"

namespace tidegauge::fuzz {

constexpr std::uint64_t microsecond = 1'000;

inline void describe(const model::CpuStats::Throttling& throttling, Facts& facts,
                     std::uint64_t unit = 1) {
  facts.number("periods", throttling.periods);
  facts.number("throttled", throttling.throttled_periods);
  facts.seconds("throttled time", throttling.throttled_seconds, unit);
  facts.number("bursts", throttling.bursts);
  facts.seconds("burst time", throttling.burst_seconds, unit);
}

inline void describe(const model::CpuStats& cpu, Facts& facts, std::uint64_t unit = 1) {
  facts.seconds("usage", cpu.usage_seconds, unit);
  facts.seconds("user", cpu.user_seconds, unit);
  facts.seconds("system", cpu.system_seconds, unit);
  if (cpu.throttling) describe(*cpu.throttling, facts, unit);
}

inline void describe(const model::MemoryStats& memory, Facts& facts) {
  facts.number("usage", memory.usage_bytes, {0});
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
  if (memory.working_set_bytes > memory.usage_bytes) finding("more in work than in use");
}

inline void describe(const model::NetworkStats& network, Facts& facts) {
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

inline void describe(const model::BlockIoStats& device, Facts& facts) {
  facts.number("major", device.major);
  facts.number("minor", device.minor);
  facts.number("read bytes", device.read_bytes);
  facts.number("written bytes", device.write_bytes);
  facts.number("reads", device.reads);
  facts.number("writes", device.writes);
  facts.seconds("cost", device.cost.usage_seconds, microsecond);
  facts.seconds("cost of waiting", device.cost.wait_seconds, microsecond);
  facts.seconds("cost in debt", device.cost.indebt_seconds, microsecond);
  facts.seconds("cost in delay", device.cost.indelay_seconds, microsecond);
}

}  // namespace tidegauge::fuzz
