#include "simulated_engine/replies.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <optional>
#include <utility>

#include "simulated_engine/json.h"

namespace tidegauge::test::replies {

namespace {

using json::array;
using json::Members;
using json::object;
using json::text_object;
using json::Value;

constexpr std::string_view kernel_version = "6.1.0-18-amd64";
constexpr std::string_view image_id =
    "sha256:1e503e983ed0c97251cbc0bf3e1c583727fd859799a8fd0502da69f4bf2ec981";
constexpr std::string_view no_time = "0001-01-01T00:00:00Z";
constexpr std::uint64_t unlimited = 9'223'372'036'854'771'712U;

/// RFC 3339 with as many decimals as it takes, as Go writes it.
std::string timestamp(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t unix_time = seconds.time_since_epoch().count();
  std::tm utc{};
  ::gmtime_r(&unix_time, &utc);
  std::array<char, 32> text{};
  const std::string stamp(text.data(), std::strftime(text.data(), text.size(), "%FT%T", &utc));
  auto decimals = std::to_string((time - seconds).count());
  decimals.insert(0, 9 - decimals.size(), '0');
  decimals.erase(decimals.find_last_not_of('0') + 1);
  return decimals.empty() ? stamp + "Z" : stamp + "." + decimals + "Z";
}

std::string timestamp(const std::optional<WallTime>& time) {
  return time ? timestamp(*time) : std::string(no_time);
}

std::int64_t unix_seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

/// "16 seconds", "About an hour": the words that `docker ps` shows.
std::string human_duration(std::chrono::nanoseconds duration) {
  const auto seconds = duration / std::chrono::seconds(1);
  const auto minutes = seconds / 60;
  const auto hours = minutes / 60;
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return std::to_string(seconds) + " seconds";
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return std::to_string(minutes) + " minutes";
  if (hours == 1) return "About an hour";
  if (hours < 48) return std::to_string(hours) + " hours";
  return std::to_string(hours / 24) + " days";
}

std::string status_text(const SimulatedContainer& container, WallTime now) {
  const auto code = "(" + std::to_string(container.exit_code) + ") ";
  const auto ago = [&] { return human_duration(now - *container.finished_at) + " ago"; };
  switch (container.status) {
    case Status::created:
      return "Created";
    case Status::exited:
      return "Exited " + code + ago();
    case Status::restarting:
      return "Restarting " + code + ago();
    default:
      break;
  }
  auto up = "Up " + human_duration(now - *container.started_at);
  if (container.status == Status::paused) return up + " (Paused)";
  switch (container.spec.health) {
    case HealthStatus::none:
      return up;
    case HealthStatus::starting:
      return up + " (health: starting)";
    default:
      return up + " (" + std::string(to_string(container.spec.health)) + ")";
  }
}

Value network(const SimulatedContainer& container, bool connected) {
  return object({{"IPAMConfig", nullptr},
                 {"Links", nullptr},
                 {"Aliases", nullptr},
                 {"NetworkID", container.id},
                 {"EndpointID", connected ? container.id : ""},
                 {"Gateway", connected ? "172.28.5.1" : ""},
                 {"IPAddress", connected ? "172.28.5.3" : ""},
                 {"IPPrefixLen", connected ? 24 : 0},
                 {"IPv6Gateway", ""},
                 {"GlobalIPv6Address", ""},
                 {"GlobalIPv6PrefixLen", 0},
                 {"MacAddress", connected ? "02:42:ac:1c:05:03" : ""},
                 {"DriverOpts", nullptr}});
}

Value networks(const SimulatedContainer& container) {
  const auto name = network_of(container.spec);
  const auto runs = has_processes(container);
  Members members{{name, network(container, runs && name != "host" && name != "none")}};
  for (const auto& further : container.further_networks) {
    members.emplace_back(further, network(container, runs));
  }
  return object(members);
}

Value port_list(const SimulatedContainer& container) {
  if (!has_processes(container) || container.spec.network_mode == "none") return array({});
  return array({object({{"PrivatePort", 80}, {"Type", "tcp"}})});
}

Value list_entry(const SimulatedContainer& container, WallTime now) {
  const auto& spec = container.spec;
  return object({{"Id", container.id},
                 {"Names", array({"/" + spec.name})},
                 {"Image", spec.image},
                 {"ImageID", image_id},
                 {"Command", "/app/serve --port 80"},
                 {"Created", unix_seconds(container.created_at)},
                 {"Ports", port_list(container)},
                 {"Labels", text_object(spec.labels)},
                 {"State", to_string(container.status)},
                 {"Status", status_text(container, now)},
                 {"HostConfig", object({{"NetworkMode", spec.network_mode}})},
                 {"NetworkSettings", object({{"Networks", networks(container)}})},
                 {"Mounts", array({})}});
}

Value health(const SimulatedContainer& container) {
  const bool failed = container.failing_streak > 0;
  const auto probed_at = timestamp(container.started_at);
  const auto probe = object({{"Start", probed_at},
                             {"End", probed_at},
                             {"ExitCode", failed ? 1 : 0},
                             {"Output", failed ? "probe failed: <db> & \"primary\"\n" : "ok\n"}});
  return object({{"Status", to_string(container.spec.health)},
                 {"FailingStreak", container.failing_streak},
                 {"Log", array({probe})}});
}

Value state(const SimulatedContainer& container) {
  const auto status = container.status;
  Members members{{"Status", to_string(status)},
                  {"Running", has_processes(container) || status == Status::restarting},
                  {"Paused", status == Status::paused},
                  {"Restarting", status == Status::restarting},
                  {"OOMKilled", container.oom_killed},
                  {"Dead", false},
                  {"Pid", container.pid},
                  {"ExitCode", container.exit_code},
                  {"Error", ""},
                  {"StartedAt", timestamp(container.started_at)},
                  {"FinishedAt", timestamp(container.finished_at)}};
  if (container.spec.health != HealthStatus::none) {
    members.emplace_back("Health", health(container));
  }
  return object(members);
}

Value host_config(const ContainerSpec& spec) {
  const auto limit_or_null = [](std::int64_t limit) {
    return limit == 0 ? Value(nullptr) : Value(limit);
  };
  return object(
      {{"Binds", nullptr},
       {"LogConfig", object({{"Type", "json-file"}, {"Config", object({})}})},
       {"NetworkMode", spec.network_mode},
       {"RestartPolicy", object({{"Name", spec.restart_policy}, {"MaximumRetryCount", 0}})},
       {"AutoRemove", false},
       {"CgroupnsMode", "host"},
       {"PidMode", ""},
       {"Privileged", false},
       {"Runtime", "runc"},
       {"CpuShares", 0},
       {"Memory", spec.memory_bytes},
       {"NanoCpus", spec.nano_cpus},
       {"CgroupParent", ""},
       {"CpuPeriod", 0},
       {"CpuQuota", 0},
       {"CpusetCpus", ""},
       {"MemoryReservation", 0},
       {"MemorySwap", spec.memory_bytes * 2},
       {"MemorySwappiness", nullptr},
       {"OomKillDisable", false},
       {"PidsLimit", limit_or_null(spec.pids_limit)}});
}

Value config(const SimulatedContainer& container) {
  return object({{"Hostname", container.id.substr(0, 12)},
                 {"User", ""},
                 {"Tty", false},
                 {"OpenStdin", false},
                 {"Env", array({"APP_ENV=production"})},
                 {"Cmd", array({"/app/serve", "--port", "80"})},
                 {"Image", container.spec.image},
                 {"Volumes", nullptr},
                 {"WorkingDir", "/"},
                 {"Entrypoint", nullptr},
                 {"Labels", text_object(container.spec.labels)}});
}

Value block_io(std::uint64_t read, std::uint64_t write) {
  const auto entry = [](std::string_view operation, std::uint64_t value) {
    return object({{"major", 254}, {"minor", 0}, {"op", operation}, {"value", value}});
  };
  return array({entry("Read", read), entry("Write", write), entry("Sync", read + write),
                entry("Async", 0), entry("Discard", 0), entry("Total", read + write)});
}

/// The two lists that have something, then the six that no current kernel fills.
Value block_io_stats(Value bytes, Value operations, const Value& others) {
  return object({{"io_service_bytes_recursive", std::move(bytes)},
                 {"io_serviced_recursive", std::move(operations)},
                 {"io_queue_recursive", others},
                 {"io_service_time_recursive", others},
                 {"io_wait_time_recursive", others},
                 {"io_merged_recursive", others},
                 {"io_time_recursive", others},
                 {"sectors_recursive", others}});
}

Value no_cpu_stats() {
  return object(
      {{"cpu_usage",
        object({{"total_usage", 0}, {"usage_in_kernelmode", 0}, {"usage_in_usermode", 0}})},
       {"throttling_data",
        object({{"periods", 0}, {"throttled_periods", 0}, {"throttled_time", 0}})}});
}

Value cpu_stats(const Usage& usage, std::chrono::nanoseconds uptime) {
  const std::vector<Value> per_cpu(SimulatedHost::cpus, usage.cpu_ns / SimulatedHost::cpus);
  return object(
      {{"cpu_usage", object({{"total_usage", usage.cpu_ns},
                             {"percpu_usage", array(per_cpu)},
                             {"usage_in_kernelmode", usage.system_ns},
                             {"usage_in_usermode", usage.user_ns}})},
       {"system_cpu_usage", uptime.count() / 10'000'000 * 10'000'000 * SimulatedHost::cpus},
       {"online_cpus", SimulatedHost::cpus},
       {"throttling_data", object({{"periods", usage.periods},
                                   {"throttled_periods", usage.throttled_periods},
                                   {"throttled_time", usage.throttled_ns}})}});
}

/// The counters of cgroup v1's memory.stat; each comes again with the prefix `total_`.
Value memory_details(const Usage& usage, std::uint64_t limit) {
  const auto active_anon = usage.rss_bytes / 16;
  const auto active_file = usage.cache_bytes / 4;
  const std::vector<std::pair<std::string, std::uint64_t>> counters{
      {"active_anon", active_anon},
      {"active_file", active_file},
      {"cache", usage.cache_bytes},
      {"dirty", 0},
      {"inactive_anon", usage.rss_bytes - active_anon},
      {"inactive_file", usage.cache_bytes - active_file},
      {"mapped_file", active_file / 2},
      {"pgfault", usage.page_faults},
      {"pgmajfault", usage.page_faults / 1'000},
      {"pgpgin", usage.page_faults / 2},
      {"pgpgout", usage.page_faults / 3},
      {"rss", usage.rss_bytes},
      {"rss_huge", 0},
      {"unevictable", 0},
      {"writeback", 0}};
  std::vector<std::string> names;
  names.reserve(counters.size());
  for (const auto& [name, value] : counters) names.push_back("total_" + name);
  Members members{{"hierarchical_memory_limit", limit == 0 ? unlimited : limit},
                  {"hierarchical_memsw_limit", limit == 0 ? unlimited : limit * 2}};
  for (std::size_t i = 0; i < counters.size(); ++i) {
    members.emplace_back(counters[i].first, counters[i].second);
    members.emplace_back(names[i], counters[i].second);
  }
  return object(members);
}

Value memory_stats(const Usage& usage, std::uint64_t limit) {
  return object({{"usage", usage.usage_bytes},
                 {"max_usage", usage.max_usage_bytes},
                 {"stats", memory_details(usage, limit)},
                 {"limit", limit == 0 ? SimulatedHost::memory_bytes : limit}});
}

Value network_stats(const Usage& usage) {
  return object({{"eth0", object({{"rx_bytes", usage.receive_bytes},
                                  {"rx_packets", usage.receive_packets},
                                  {"rx_errors", 0},
                                  {"rx_dropped", 0},
                                  {"tx_bytes", usage.transmit_bytes},
                                  {"tx_packets", usage.transmit_packets},
                                  {"tx_errors", 0},
                                  {"tx_dropped", 0}})}});
}

Value pids_stats(const Usage& usage, std::int64_t limit) {
  Members members{{"current", usage.processes}};
  if (limit != 0) members.emplace_back("limit", limit);
  return object(members);
}

Value empty_stats(const SimulatedContainer& container) {
  return object({{"read", no_time},
                 {"preread", no_time},
                 {"pids_stats", object({})},
                 {"blkio_stats", block_io_stats(nullptr, nullptr, nullptr)},
                 {"num_procs", 0},
                 {"storage_stats", object({})},
                 {"cpu_stats", no_cpu_stats()},
                 {"precpu_stats", no_cpu_stats()},
                 {"memory_stats", object({})},
                 {"name", "/" + container.spec.name},
                 {"id", container.id}});
}

/// The writable layer begins with what the Engine itself puts into it.
constexpr std::uint64_t layer_base_bytes = 1'095;
constexpr std::uint64_t image_bytes = 7'800'000;

Members members_of(const SimulatedContainer& container) {
  return {{"Id", container.id},
          {"Created", timestamp(container.created_at)},
          {"Path", "/app/serve"},
          {"Args", array({"--port", "80"})},
          {"State", state(container)},
          {"Image", image_id},
          {"Name", "/" + container.spec.name},
          {"RestartCount", container.restart_count},
          {"Driver", "overlay2"},
          {"Platform", "linux"},
          {"ExecIDs", nullptr},
          {"HostConfig", host_config(container.spec)},
          {"Mounts", array({})},
          {"Config", config(container)},
          {"NetworkSettings", object({{"Networks", networks(container)}})}};
}

}  // namespace

std::string version() {
  const auto details = object({{"ApiVersion", api_version},
                               {"Arch", "amd64"},
                               {"BuildTime", "2023-04-04T18:18:50.000000000+00:00"},
                               {"Experimental", "false"},
                               {"GitCommit", "5d6db84"},
                               {"GoVersion", "go1.19.8"},
                               {"KernelVersion", kernel_version},
                               {"MinAPIVersion", min_api_version},
                               {"Os", "linux"}});
  return object({{"Platform", object({{"Name", ""}})},
                 {"Components",
                  array({object(
                      {{"Name", "Engine"}, {"Version", engine_version}, {"Details", details}})})},
                 {"Version", engine_version},
                 {"ApiVersion", api_version},
                 {"MinAPIVersion", min_api_version},
                 {"GitCommit", "5d6db84"},
                 {"GoVersion", "go1.19.8"},
                 {"Os", "linux"},
                 {"Arch", "amd64"},
                 {"KernelVersion", kernel_version},
                 {"BuildTime", "2023-04-04T18:18:50.000000000+00:00"}})
             .text() +
         "\n";
}

std::string info(const SimulatedHost& host) {
  const auto containers = host.containers();
  const auto count = [&](auto... statuses) {
    return std::ranges::count_if(
        containers, [&](const auto& container) { return ((container.status == statuses) || ...); });
  };
  return object({{"ID", "SIMU:LATE:DENG:INE0:SIMU:LATE:DENG:INE0:SIMU:LATE:DENG:INE0"},
                 {"Containers", containers.size()},
                 {"ContainersRunning", count(Status::running, Status::restarting)},
                 {"ContainersPaused", count(Status::paused)},
                 {"ContainersStopped", count(Status::created, Status::exited)},
                 {"Images", 8},
                 {"Driver", "overlay2"},
                 {"MemoryLimit", true},
                 {"SwapLimit", true},
                 {"NFd", 115},
                 {"NGoroutines", 105},
                 {"SystemTime", timestamp(host.now())},
                 {"LoggingDriver", "json-file"},
                 {"CgroupDriver", "cgroupfs"},
                 {"CgroupVersion", "1"},
                 {"NEventsListener", 0},
                 {"KernelVersion", kernel_version},
                 {"OperatingSystem", "Debian GNU/Linux 12 (bookworm)"},
                 {"OSVersion", "12"},
                 {"OSType", "linux"},
                 {"Architecture", "x86_64"},
                 {"NCPU", SimulatedHost::cpus},
                 {"MemTotal", SimulatedHost::memory_bytes},
                 {"DockerRootDir", "/var/lib/docker"},
                 {"Name", "simulated"},
                 {"Labels", array({})},
                 {"ExperimentalBuild", false},
                 {"ServerVersion", engine_version},
                 {"DefaultRuntime", "runc"},
                 {"LiveRestoreEnabled", false},
                 {"SecurityOptions", array({"name=seccomp,profile=default"})},
                 {"Warnings", nullptr}})
             .text() +
         "\n";
}

std::string list(const std::vector<SimulatedContainer>& containers, WallTime now) {
  std::vector<Value> entries;
  entries.reserve(containers.size());
  for (const auto& container : containers) entries.push_back(list_entry(container, now));
  return array(entries).text() + "\n";
}

std::string inspect(const SimulatedContainer& container) {
  return object(members_of(container)).text() + "\n";
}

std::string inspect_with_size(const SimulatedContainer& container, const SimulatedHost& host) {
  auto members = members_of(container);
  const auto written = usage_of(container, host.now()).write_bytes;
  members.emplace_back("SizeRw", layer_base_bytes + written);
  members.emplace_back("SizeRootFs", image_bytes + layer_base_bytes + written);
  return object(members).text() + "\n";
}

std::string stats(const SimulatedContainer& container, const SimulatedHost& host) {
  if (!has_processes(container)) return empty_stats(container).text() + "\n";
  const auto now = host.now();
  const auto usage = usage_of(container, now);
  const auto& spec = container.spec;
  Members members{{"read", timestamp(now)},
                  {"preread", no_time},
                  {"pids_stats", pids_stats(usage, spec.pids_limit)},
                  {"blkio_stats", block_io_stats(block_io(usage.read_bytes, usage.write_bytes),
                                                 block_io(usage.reads, usage.writes), array({}))},
                  {"num_procs", 0},
                  {"storage_stats", object({})},
                  {"cpu_stats", cpu_stats(usage, host.uptime())},
                  {"precpu_stats", no_cpu_stats()},
                  {"memory_stats", memory_stats(usage, spec.memory_bytes)},
                  {"name", "/" + spec.name},
                  {"id", container.id}};
  if (spec.network_mode != "host" && spec.network_mode != "none") {
    members.emplace_back("networks", network_stats(usage));
  }
  return object(members).text() + "\n";
}

std::string event(const Event& event) {
  Members members;
  if (event.type == "container") {
    members = {{"status", event.action}, {"id", event.id}, {"from", event.image}};
  }
  members.insert(
      members.end(),
      {{"Type", event.type},
       {"Action", event.action},
       {"Actor", object({{"ID", event.id}, {"Attributes", text_object(event.attributes)}})},
       {"scope", "local"},
       {"time", unix_seconds(event.time)},
       {"timeNano", event.time.time_since_epoch().count()}});
  return object(members).text() + "\n";
}

std::string error(std::string_view message) {
  return object({{"message", message}}).text() + "\n";
}

}  // namespace tidegauge::test::replies
