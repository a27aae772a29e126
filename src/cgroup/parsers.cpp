#include "cgroup/parsers.h"

#include <algorithm>
#include <array>
#include <span>
#include <tuple>
#include <utility>

#include "cgroup/text.h"
#include "tidegauge/util/ascii.h"

namespace tidegauge::cgroup {
namespace {

using model::BlockIoStats;
using model::CpuStats;
using model::MemoryEvents;
using model::MemoryStats;
using model::NetworkStats;
using Count = std::optional<std::uint64_t>;

// In nanoseconds.
constexpr std::uint64_t clock_tick = 10'000'000;
constexpr std::uint64_t microsecond = 1'000;
constexpr std::uint64_t nanosecond = 1;

Count count(std::string_view word) noexcept {
  return to_number<std::uint64_t>(word);
}

/// By way of nanoseconds, as the Engine has them: where the source of a counter changes, it must
/// not go back by a rounding error, or it would look like a restart.
std::optional<double> seconds(const Count& number, std::uint64_t unit) noexcept {
  if (!number || *number > UINT64_MAX / unit) return std::nullopt;
  return static_cast<double>(*number * unit) * 1e-9;
}

/// A key of a file of lines like "key number", and where its number belongs.
template <class Target>
struct Field {
  std::string_view key;
  Count Target::* member;
};

template <class Target>
void parse_fields(std::string_view text, std::span<const Field<Target>> fields,
                  Target& target) noexcept {
  while (const auto whole = take_line(text)) {
    auto line = *whole;
    const auto key = take_word(line);
    const auto field = std::ranges::find(fields, key, &Field<Target>::key);
    if (field == fields.end()) continue;
    const auto value = count(take_word(line));
    if (line.empty()) target.*(field->member) = value;
  }
}

// --- CPU ----------------------------------------------------------------------------------------

/// Either cpu.stat, as it is written.
struct CpuFields {
  Count usage, user, system, periods, throttled_periods, throttled_time, bursts, burst_time;
};
constexpr std::array cpu_fields_v1{Field<CpuFields>{"nr_periods", &CpuFields::periods},
                                   Field<CpuFields>{"nr_throttled", &CpuFields::throttled_periods},
                                   Field<CpuFields>{"throttled_time", &CpuFields::throttled_time},
                                   Field<CpuFields>{"nr_bursts", &CpuFields::bursts},
                                   Field<CpuFields>{"burst_time", &CpuFields::burst_time}};
constexpr std::array cpu_fields_v2{Field<CpuFields>{"usage_usec", &CpuFields::usage},
                                   Field<CpuFields>{"user_usec", &CpuFields::user},
                                   Field<CpuFields>{"system_usec", &CpuFields::system},
                                   Field<CpuFields>{"nr_periods", &CpuFields::periods},
                                   Field<CpuFields>{"nr_throttled", &CpuFields::throttled_periods},
                                   Field<CpuFields>{"throttled_usec", &CpuFields::throttled_time},
                                   Field<CpuFields>{"nr_bursts", &CpuFields::bursts},
                                   Field<CpuFields>{"burst_usec", &CpuFields::burst_time}};

std::optional<CpuStats::Throttling> throttling(const CpuFields& fields,
                                               std::uint64_t unit) noexcept {
  const auto throttled = seconds(fields.throttled_time, unit);
  if (!fields.periods || !fields.throttled_periods || !throttled) return std::nullopt;
  return CpuStats::Throttling{.periods = *fields.periods,
                              .throttled_periods = *fields.throttled_periods,
                              .throttled_seconds = *throttled,
                              .bursts = fields.bursts,
                              .burst_seconds = seconds(fields.burst_time, unit)};
}

// --- memory -------------------------------------------------------------------------------------

using MemoryField = Field<MemoryStats>;
constexpr std::array memory_fields_v1{
    MemoryField{"total_cache", &MemoryStats::cache_bytes},
    MemoryField{"total_rss", &MemoryStats::rss_bytes},
    MemoryField{"total_mapped_file", &MemoryStats::mapped_file_bytes},
    MemoryField{"total_dirty", &MemoryStats::dirty_bytes},
    MemoryField{"total_writeback", &MemoryStats::writeback_bytes},
    MemoryField{"total_workingset_refault_anon", &MemoryStats::refaults_anon},
    MemoryField{"total_workingset_refault_file", &MemoryStats::refaults_file},
    MemoryField{"total_swap", &MemoryStats::swap_bytes},
    MemoryField{"total_pgfault", &MemoryStats::page_faults},
    MemoryField{"total_pgmajfault", &MemoryStats::major_page_faults},
    MemoryField{"total_inactive_file", &MemoryStats::inactive_file_bytes},
    MemoryField{"total_active_file", &MemoryStats::active_file_bytes}};
constexpr std::array memory_fields_v2{
    MemoryField{"anon", &MemoryStats::rss_bytes},
    MemoryField{"file", &MemoryStats::cache_bytes},
    MemoryField{"kernel", &MemoryStats::kernel_bytes},
    MemoryField{"file_mapped", &MemoryStats::mapped_file_bytes},
    MemoryField{"file_dirty", &MemoryStats::dirty_bytes},
    MemoryField{"file_writeback", &MemoryStats::writeback_bytes},
    MemoryField{"inactive_file", &MemoryStats::inactive_file_bytes},
    MemoryField{"active_file", &MemoryStats::active_file_bytes},
    MemoryField{"workingset_refault_anon", &MemoryStats::refaults_anon},
    MemoryField{"workingset_refault_file", &MemoryStats::refaults_file},
    MemoryField{"pgscan", &MemoryStats::pages_scanned},
    MemoryField{"pgsteal", &MemoryStats::pages_stolen},
    MemoryField{"pgfault", &MemoryStats::page_faults},
    MemoryField{"pgmajfault", &MemoryStats::major_page_faults}};

using EventField = Field<MemoryEvents>;
constexpr std::array event_fields{
    EventField{"low", &MemoryEvents::low}, EventField{"high", &MemoryEvents::high},
    EventField{"max", &MemoryEvents::max}, EventField{"oom", &MemoryEvents::oom},
    EventField{"oom_kill", &MemoryEvents::oom_kill}};

// --- block I/O ----------------------------------------------------------------------------------

/// Of "major:minor", known or new; null where it is something else.
BlockIoStats* device(std::string_view number, std::vector<BlockIoStats>& devices) {
  const auto colon = number.find(':');
  if (colon == std::string_view::npos) return nullptr;
  const auto major = to_number<std::uint32_t>(number.substr(0, colon));
  const auto minor = to_number<std::uint32_t>(number.substr(colon + 1));
  if (!major || !minor) return nullptr;
  const auto key = std::tuple(*major, *minor);
  const auto place = std::ranges::lower_bound(
      devices, key, {}, [](const BlockIoStats& io) { return std::tuple(io.major, io.minor); });
  if (place != devices.end() && std::tuple(place->major, place->minor) == key) return &*place;
  return &*devices.insert(place, {.major = *major, .minor = *minor});
}

template <class T>
void fill(std::optional<T>& member, const std::optional<T>& value) noexcept {
  if (!member) member = value;
}

void parse_blkio(std::string_view text, Count BlockIoStats::* read, Count BlockIoStats::* write,
                 std::vector<BlockIoStats>& devices) {
  while (const auto whole = take_line(text)) {
    auto line = *whole;
    const auto number = take_word(line);
    const auto operation = take_word(line);
    if (operation != "Read" && operation != "Write") continue;
    const auto value = count(take_word(line));
    if (!value || !line.empty()) continue;
    if (auto* const io = device(number, devices)) {
      fill(io->*(operation == "Read" ? read : write), value);
    }
  }
}

/// Takes the device off the front of a line. Some kernels print devices that have no numbers
/// without a newline, as "7:7 7:6 8:0 rbytes=1 ...": the last of them has the numbers.
std::string_view take_io_device(std::string_view& line) noexcept {
  std::string_view device;
  auto rest = line;
  for (auto word = take_word(rest); !word.empty() && !word.contains('='); word = take_word(rest)) {
    device = word;
    line = rest;
  }
  return device;
}

void parse_io_fields(std::string_view fields, BlockIoStats& io) noexcept {
  for (auto field = take_word(fields); !field.empty(); field = take_word(fields)) {
    const auto equals = std::min(field.find('='), field.size() - 1);
    const auto key = field.substr(0, equals);
    const auto value = count(field.substr(equals + 1));
    if (key == "rbytes") io.read_bytes = value;
    if (key == "wbytes") io.write_bytes = value;
    if (key == "rios") io.reads = value;
    if (key == "wios") io.writes = value;
    if (key == "cost.usage") io.cost.usage_seconds = seconds(value, microsecond);
    if (key == "cost.wait") io.cost.wait_seconds = seconds(value, microsecond);
    if (key == "cost.indebt") io.cost.indebt_seconds = seconds(value, microsecond);
    if (key == "cost.indelay") io.cost.indelay_seconds = seconds(value, microsecond);
  }
}

// --- network ------------------------------------------------------------------------------------

/// The sixteen numbers of a line; nothing unless all of them are there.
std::optional<std::array<std::uint64_t, 16>> sixteen(std::string_view line) noexcept {
  std::array<std::uint64_t, 16> numbers{};
  for (auto& number : numbers) {
    const auto value = count(take_word(line));
    if (!value) return std::nullopt;
    number = *value;
  }
  return numbers;
}

Count hexadecimal(std::string_view word) noexcept {
  return to_number<std::uint64_t>(word, 16);
}

/// A line of /proc/<pid>/net/tcp or udp, as " 0: 0100007F:1F90 00000000:0000 0A 00000001:00000000":
/// two addresses, the state, and what is queued to be sent and received, in hexadecimal.
struct Socket {
  std::uint64_t state;
  std::uint64_t transmit_queued, receive_queued;  // bytes
  std::string_view rest;
};

std::optional<Socket> parse_socket(std::string_view line) noexcept {
  for (int word = 0; word < 3; ++word) take_word(line);  // the index and both addresses
  const auto state = hexadecimal(take_word(line));
  const auto queues = take_word(line);
  const auto colon = std::min(queues.find(':'), queues.size());
  const auto transmit = hexadecimal(queues.substr(0, colon));
  const auto receive = hexadecimal(queues.substr(std::min(colon + 1, queues.size())));
  if (!state || !transmit || !receive) return std::nullopt;
  return Socket{
      .state = *state, .transmit_queued = *transmit, .receive_queued = *receive, .rest = line};
}

/// The last of its columns: datagrams that found no room.
Count parse_drops(std::string_view columns) noexcept {
  std::string_view last;
  for (auto word = take_word(columns); !word.empty(); word = take_word(columns)) last = word;
  return count(last);
}

}  // namespace

Count parse_count(std::string_view text) noexcept {
  const auto line = take_line(text);
  return line && text.empty() ? count(*line) : std::nullopt;
}

Count parse_count_of(std::string_view text, std::string_view key) noexcept {
  while (const auto whole = take_line(text)) {
    auto line = *whole;
    if (take_word(line) != key) continue;
    const auto value = count(take_word(line));
    return line.empty() ? value : std::nullopt;
  }
  return std::nullopt;
}

std::optional<double> parse_cpuacct_usage(std::string_view text) noexcept {
  return seconds(parse_count(text), nanosecond);
}

std::vector<double> parse_cpuacct_usage_percpu(std::string_view text) {
  std::vector<double> cpus;
  auto line = take_line(text).value_or(std::string_view());
  for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
    const auto used = seconds(count(word), nanosecond);
    if (!used) return {};
    cpus.push_back(*used);
  }
  return cpus;
}

CpuTimes parse_cpuacct_stat(std::string_view text) noexcept {
  return {.user_seconds = seconds(parse_count_of(text, "user"), clock_tick),
          .system_seconds = seconds(parse_count_of(text, "system"), clock_tick)};
}

std::optional<CpuStats::Throttling> parse_cpu_stat_v1(std::string_view text) noexcept {
  CpuFields fields;
  parse_fields<CpuFields>(text, cpu_fields_v1, fields);
  return throttling(fields, nanosecond);
}

std::optional<CpuStats> parse_cpu_stat_v2(std::string_view text) noexcept {
  CpuFields fields;
  parse_fields<CpuFields>(text, cpu_fields_v2, fields);
  const auto usage = seconds(fields.usage, microsecond);
  if (!usage) return std::nullopt;
  return CpuStats{.usage_seconds = *usage,
                  .user_seconds = seconds(fields.user, microsecond),
                  .system_seconds = seconds(fields.system, microsecond),
                  .throttling = throttling(fields, microsecond)};
}

void parse_memory_stat_v1(std::string_view text, MemoryStats& memory) noexcept {
  parse_fields<MemoryStats>(text, memory_fields_v1, memory);
}

void parse_memory_stat_v2(std::string_view text, MemoryStats& memory) noexcept {
  parse_fields<MemoryStats>(text, memory_fields_v2, memory);
}

MemoryEvents parse_memory_events(std::string_view text) noexcept {
  MemoryEvents events;
  parse_fields<MemoryEvents>(text, event_fields, events);
  return events;
}

void parse_io_stat(std::string_view text, std::vector<BlockIoStats>& devices) {
  while (const auto whole = take_line(text)) {
    auto line = *whole;
    const auto number = take_io_device(line);
    BlockIoStats said;
    parse_io_fields(line, said);
    if (!said.read_bytes && !said.write_bytes && !said.reads && !said.writes) continue;
    auto* const io = device(number, devices);
    if (io == nullptr) continue;
    fill(io->read_bytes, said.read_bytes);
    fill(io->write_bytes, said.write_bytes);
    fill(io->reads, said.reads);
    fill(io->writes, said.writes);
    fill(io->cost.usage_seconds, said.cost.usage_seconds);
    fill(io->cost.wait_seconds, said.cost.wait_seconds);
    fill(io->cost.indebt_seconds, said.cost.indebt_seconds);
    fill(io->cost.indelay_seconds, said.cost.indelay_seconds);
  }
}

void parse_blkio_bytes(std::string_view text, std::vector<BlockIoStats>& devices) {
  parse_blkio(text, &BlockIoStats::read_bytes, &BlockIoStats::write_bytes, devices);
}

void parse_blkio_operations(std::string_view text, std::vector<BlockIoStats>& devices) {
  parse_blkio(text, &BlockIoStats::reads, &BlockIoStats::writes, devices);
}

void parse_net_dev(std::string_view text, std::vector<NetworkStats>& interfaces) {
  while (const auto line = take_line(text)) {
    const auto colon = line->rfind(':');  // the name of an alias contains a colon
    if (colon == std::string_view::npos) continue;
    auto name = line->substr(0, colon);
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    const auto numbers = sixteen(line->substr(colon + 1));
    if (name.empty() || name == "lo" || !numbers) continue;
    const auto& n = *numbers;
    const auto place = std::ranges::lower_bound(interfaces, name, {}, &NetworkStats::interface);
    interfaces.insert(place, {.interface = std::string(name),
                              .receive_bytes = n[0],
                              .receive_packets = n[1],
                              .receive_errors = n[2],
                              .receive_dropped = n[3],
                              .transmit_bytes = n[8],
                              .transmit_packets = n[9],
                              .transmit_errors = n[10],
                              .transmit_dropped = n[11]});
  }
}

model::TcpSockets parse_tcp_sockets(std::string_view text) noexcept {
  model::TcpSockets sockets;
  while (const auto line = take_line(text)) {
    const auto socket = parse_socket(*line);
    if (!socket || socket->state == 0 || socket->state > sockets.by_state.size()) continue;
    ++sockets.by_state[socket->state - 1];
  }
  return sockets;
}

model::UdpSockets parse_udp_sockets(std::string_view text) noexcept {
  constexpr std::uint64_t unconnected = 7;  // the kernel's TCP_CLOSE
  model::UdpSockets sockets;
  while (const auto line = take_line(text)) {
    const auto socket = parse_socket(*line);
    const auto drops = socket ? parse_drops(socket->rest) : std::nullopt;
    if (!drops) continue;
    if (socket->state == unconnected) ++sockets.listening;
    sockets.dropped += *drops;
    sockets.receive_queued_bytes += socket->receive_queued;
    sockets.transmit_queued_bytes += socket->transmit_queued;
  }
  return sockets;
}

void parse_tcp_statistics(std::string_view text, std::vector<model::TcpStatistic>& statistics) {
  while (const auto whole = take_line(text)) {
    auto names = *whole;
    const auto key = take_word(names);
    if (key != "Tcp:" && key != "TcpExt:") continue;
    auto values = take_line(text).value_or(std::string_view());
    if (take_word(values) != key) continue;
    for (auto name = take_word(names); !name.empty(); name = take_word(names)) {
      const auto value = to_number<std::int64_t>(take_word(values));
      auto lower = ascii_lower_case(name);
      const bool is_known =
          std::ranges::find(statistics, lower, &model::TcpStatistic::name) != statistics.end();
      if (value && !is_known) statistics.push_back({.name = std::move(lower), .value = *value});
    }
  }
}

model::Pressure parse_pressure(std::string_view text) noexcept {
  model::Pressure pressure;
  while (const auto whole = take_line(text)) {
    auto line = *whole;
    const auto who = take_word(line);
    constexpr std::string_view total = "total=";
    const auto at = line.rfind(total);
    if (at == std::string_view::npos) continue;
    const auto waited = seconds(count(line.substr(at + total.size())), microsecond);
    if (who == "some") pressure.waiting_seconds = waited;
    if (who == "full") pressure.stalled_seconds = waited;
  }
  return pressure;
}

std::optional<model::TaskState> parse_task_state(std::string_view text) noexcept {
  constexpr std::string_view end_of_name = ") ";
  const auto name = text.rfind(end_of_name);
  if (name == std::string_view::npos || name + end_of_name.size() >= text.size()) {
    return std::nullopt;
  }
  switch (text[name + end_of_name.size()]) {
    case 'R':
      return model::TaskState::running;
    case 'S':
    case 'I':
      return model::TaskState::sleeping;
    case 'D':
      return model::TaskState::uninterruptible;
    case 'T':
    case 't':
      return model::TaskState::stopped;
    case 'Z':
    case 'X':
      return model::TaskState::zombie;
    default:
      return std::nullopt;
  }
}

Count parse_descriptors_limit(std::string_view text) noexcept {
  constexpr std::string_view key = "Max open files";
  while (auto line = take_line(text)) {
    if (!line->starts_with(key)) continue;
    line->remove_prefix(key.size());
    return count(take_word(*line));
  }
  return std::nullopt;
}

}  // namespace tidegauge::cgroup
