// The kernel's files of a container: each parser gets every text.

#include <algorithm>

#include "cgroup/parsers.h"
#include "fuzz/describe_stats.h"

using namespace tidegauge;

namespace {

constexpr std::uint64_t clock_tick = 10'000'000;

void describe_cpu(std::string_view text, fuzz::Facts& facts) {
  facts.seconds("cpuacct.usage", cgroup::parse_cpuacct_usage(text));
  const auto times = cgroup::parse_cpuacct_stat(text);
  facts.seconds("user", times.user_seconds, clock_tick);
  facts.seconds("system", times.system_seconds, clock_tick);
  if (const auto v1 = cgroup::parse_cpu_stat_v1(text)) fuzz::describe(*v1, facts);
  if (const auto v2 = cgroup::parse_cpu_stat_v2(text))
    fuzz::describe(*v2, facts, fuzz::microsecond);
  for (const auto used : cgroup::parse_cpuacct_usage_percpu(text)) facts.seconds("one", used);
  const auto pressure = cgroup::parse_pressure(text);
  facts.seconds("waiting", pressure.waiting_seconds, fuzz::microsecond);
  facts.seconds("stalled", pressure.stalled_seconds, fuzz::microsecond);
}

void describe_memory(std::string_view text, fuzz::Facts& facts) {
  for (auto* const parse : {cgroup::parse_memory_stat_v1, cgroup::parse_memory_stat_v2}) {
    model::MemoryStats memory;
    parse(text, memory);
    fuzz::describe(memory, facts);
  }
  const auto events = cgroup::parse_memory_events(text);
  facts.number("low", events.low);
  facts.number("high", events.high);
  facts.number("max", events.max);
  facts.number("oom", events.oom);
  facts.number("oom_kill", events.oom_kill);
}

/// Counted and added up, so that none of it need stand in the text. Each socket has a line.
void describe_sockets(std::string_view text, const fuzz::Facts& facts) {
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
  std::uint64_t connections = 0;
  for (const auto count : cgroup::parse_tcp_sockets(text).by_state) connections += count;
  if (connections > lines) fuzz::finding("more TCP sockets than lines");
  const auto udp = cgroup::parse_udp_sockets(text);
  if (udp.listening > lines) fuzz::finding("more UDP sockets than lines");
  if (lines == 1 && !facts.numbers().contain(std::to_string(udp.dropped)) && udp.dropped != 0) {
    fuzz::finding("drops which nobody said");
  }
}

void describe_tcp_statistics(std::string_view text, fuzz::Facts& facts) {
  std::vector<model::TcpStatistic> statistics;
  cgroup::parse_tcp_statistics(text, statistics);
  for (const auto& [name, value] : statistics) {
    facts.text("name", name);
    if (!facts.numbers().contain(std::to_string(value))) fuzz::finding("TCP which nobody said");
  }
}

template <class T>
void describe_rows(std::string_view text, void (*parse)(std::string_view, std::vector<T>&),
                   fuzz::Facts& facts) {
  std::vector<T> rows;
  parse(text, rows);
  for (const auto& row : rows) fuzz::describe(row, facts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  fuzz::Facts facts(text);
  facts.number("count", cgroup::parse_count(text));
  facts.number("count of user", cgroup::parse_count_of(text, "user"));
  facts.number("descriptors", cgroup::parse_descriptors_limit(text));
  if (const auto state = cgroup::parse_task_state(text)) facts.text("state", to_string(*state));
  describe_cpu(text, facts);
  describe_memory(text, facts);
  describe_rows(text, cgroup::parse_io_stat, facts);
  describe_rows(text, cgroup::parse_blkio_bytes, facts);
  describe_rows(text, cgroup::parse_blkio_operations, facts);
  describe_rows(text, cgroup::parse_net_dev, facts);
  describe_sockets(text, facts);
  describe_tcp_statistics(text, facts);
  return 0;
}
