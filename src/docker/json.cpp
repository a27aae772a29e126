#include "docker/json.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "docker/timestamp.h"

namespace tidegauge::docker::json {
namespace {

using rapidjson::Document;
using rapidjson::Value;

// --- reading values: a key that is absent, null or of another type was not said ----------------

const Value* member(const Value& object, const char* key) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(key);
  return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

/// Its object under `key`; an empty one where there is none, so that look-ups can be chained.
const Value& object(const Value& parent, const char* key) {
  static const Value nothing(rapidjson::kObjectType);
  const auto* const found = member(parent, key);
  return found != nullptr && found->IsObject() ? *found : nothing;
}

std::string_view view(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

std::string text(const Value& parent, const char* key) {
  const auto* const found = member(parent, key);
  return found != nullptr && found->IsString() ? std::string(view(*found)) : std::string();
}

std::optional<std::int64_t> integer(const Value& parent, const char* key) {
  const auto* const found = member(parent, key);
  if (found == nullptr || !found->IsInt64()) return std::nullopt;
  return found->GetInt64();
}

/// A count or a size. A negative one, as of an unlimited limit, is none.
std::optional<std::uint64_t> count(const Value& parent, const char* key) {
  const auto* const found = member(parent, key);
  if (found == nullptr || !found->IsUint64()) return std::nullopt;
  return found->GetUint64();
}

std::optional<std::uint64_t> positive(const Value& parent, const char* key) {
  const auto value = count(parent, key);
  return value == 0U ? std::nullopt : value;
}

/// A count that is `standard` where nothing is said, but not where it is said badly.
std::optional<std::uint64_t> count_or(const Value& parent, const char* key,
                                      std::uint64_t standard) {
  return member(parent, key) == nullptr ? std::optional(standard) : count(parent, key);
}

/// One that has to fit a smaller type.
template <class T>
std::optional<T> small(const std::optional<std::int64_t>& value) {
  return value && std::in_range<T>(*value) ? std::optional(static_cast<T>(*value)) : std::nullopt;
}

bool flag(const Value& parent, const char* key) {
  const auto* const found = member(parent, key);
  return found != nullptr && found->IsTrue();
}

std::optional<double> seconds(const Value& parent, const char* nanoseconds_key) {
  const auto nanoseconds = count(parent, nanoseconds_key);
  if (!nanoseconds) return std::nullopt;
  return static_cast<double>(*nanoseconds) * 1e-9;
}

std::string without_slash(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(1);
  return std::string(name);
}

/// Iterative: nesting costs heap, not stack. From a stream, as RapidJSON would pass over any single
/// byte of a byte order mark in front of a text.
Result<Document> parse(std::string_view body, rapidjson::Type expected) {
  Document document;
  rapidjson::MemoryStream stream(body.data(), body.size());
  document.ParseStream<rapidjson::kParseIterativeFlag>(stream);
  if (document.HasParseError()) {
    return fail(Errc::bad_reply, "not JSON at byte " + std::to_string(document.GetErrorOffset()) +
                                     ": " + rapidjson::GetParseError_En(document.GetParseError()));
  }
  if (document.GetType() != expected) {
    return fail(Errc::bad_reply,
                expected == rapidjson::kObjectType ? "not a JSON object" : "not a JSON array");
  }
  return document;
}

// --- containers --------------------------------------------------------------------------------

/// The texts of an object, as labels and attributes are, sorted by key.
std::vector<std::pair<std::string, std::string>> texts(const Value& object) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [key, value] : object.GetObject()) {
    if (value.IsString()) texts.emplace_back(view(key), view(value));
  }
  std::ranges::sort(texts);
  return texts;
}

model::ContainerLimits limits(const Value& host) {
  model::ContainerLimits limits;
  limits.memory_bytes = positive(host, "Memory");
  limits.memory_reservation_bytes = positive(host, "MemoryReservation");
  limits.memory_swap_bytes = positive(host, "MemorySwap");
  limits.pids = positive(host, "PidsLimit");
  constexpr std::uint64_t default_shares = 1024;  // which a 0 means too
  limits.cpu_shares = count_or(host, "CpuShares", default_shares);
  if (limits.cpu_shares == 0U) limits.cpu_shares = default_shares;
  constexpr std::uint64_t default_period_us = 100'000;
  if (const auto nano_cpus = positive(host, "NanoCpus")) {
    limits.cpu_period_us = default_period_us;
    limits.cpu_quota_us = *nano_cpus / 10'000;  // of 1e9 to the period
  } else if (const auto quota = positive(host, "CpuQuota")) {
    limits.cpu_period_us = positive(host, "CpuPeriod").value_or(default_period_us);
    limits.cpu_quota_us = quota;
  }
  return limits;
}

/// An empty name means the same as "no" to the Engine, which has said both (20.10, 26.1).
std::string restart_policy(const Value& host) {
  const auto* const policy = member(host, "RestartPolicy");
  if (policy == nullptr) return {};
  auto name = text(*policy, "Name");
  return name.empty() ? "no" : name;
}

/// Podman has words of its own for steps between Docker's states.
model::ContainerState container_state(std::string_view word) {
  if (word == "stopped") word = "exited";
  if (word == "stopping") word = "running";
  if (word == "configured" || word == "initialized") word = "created";
  return model::parse_container_state(word);
}

void read_state(const Value& state, model::Container& container) {
  container.state = container_state(text(state, "Status"));
  container.started_at = parse_timestamp(text(state, "StartedAt"));
  container.finished_at = parse_timestamp(text(state, "FinishedAt"));
  container.oom_killed = flag(state, "OOMKilled");
  if (container.finished_at && !model::has_processes(container.state)) {
    container.exit_code = small<int>(integer(state, "ExitCode"));
  }
  container.pid = small<int>(integer(state, "Pid"));
  if (container.pid && *container.pid <= 0) container.pid.reset();
  const auto& health = object(state, "Health");
  container.health = model::parse_health(text(health, "Status"));
  if (container.health != model::Health::none) {
    container.health_failing_streak = small<std::uint32_t>(integer(health, "FailingStreak"));
  }
}

// --- statistics --------------------------------------------------------------------------------

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
  if (!total) return std::nullopt;
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

model::MemoryStats memory_stats(const Value& memory, std::uint64_t usage) {
  const auto& detail = object(memory, "stats");
  model::MemoryStats stats;
  stats.usage_bytes = usage;
  stats.inactive_file_bytes = either(detail, "total_inactive_file", "inactive_file");
  stats.active_file_bytes = either(detail, "total_active_file", "active_file");
  if (const auto inactive = stats.inactive_file_bytes) {
    stats.working_set_bytes = usage - std::min(usage, *inactive);
  }
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
  std::ranges::sort(all, {}, &model::NetworkStats::interface);
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

Result<model::EngineVersion> parse_version(std::string_view body) {
  const auto document = parse(body, rapidjson::kObjectType);
  if (!document) return fail(document.error());
  model::EngineVersion version{.version = text(*document, "Version"),
                               .os = text(*document, "Os"),
                               .arch = text(*document, "Arch"),
                               .kernel_version = text(*document, "KernelVersion")};
  const auto api = model::parse_api_version(text(*document, "ApiVersion"));
  if (version.version.empty() || !api) {
    return fail(Errc::bad_reply, "no Version or ApiVersion in it: not a Docker Engine?");
  }
  version.api_version = *api;
  if (const auto* const parts = member(*document, "Components");
      parts != nullptr && parts->IsArray()) {
    for (const auto& part : parts->GetArray()) {
      version.is_podman = version.is_podman || text(part, "Name") == "Podman Engine";
    }
  }
  version.min_api_version =
      model::parse_api_version(text(*document, "MinAPIVersion")).value_or(model::ApiVersion{});
  return version;
}

Result<model::EngineInfo> parse_info(std::string_view body) {
  const auto document = parse(body, rapidjson::kObjectType);
  if (!document) return fail(document.error());
  return model::EngineInfo{.name = text(*document, "Name"),
                           .operating_system = text(*document, "OperatingSystem"),
                           .docker_root_dir = text(*document, "DockerRootDir"),
                           .storage_driver = text(*document, "Driver"),
                           .cgroup_driver = text(*document, "CgroupDriver"),
                           .cgroup_version = text(*document, "CgroupVersion") == "2" ? 2U : 1U,
                           .cpus = small<std::uint32_t>(integer(*document, "NCPU")),
                           .memory_bytes = count(*document, "MemTotal"),
                           .containers = count(*document, "Containers")};
}

Result<std::vector<model::ContainerSummary>> parse_container_list(std::string_view body) {
  const auto document = parse(body, rapidjson::kArrayType);
  if (!document) return fail(document.error());
  std::vector<model::ContainerSummary> all;
  all.reserve(document->Size());
  for (const auto& row : document->GetArray()) {
    auto id = text(row, "Id");
    if (id.empty()) return fail(Errc::bad_reply, "a container without an Id");
    const auto* const names = member(row, "Names");
    const bool named = names != nullptr && names->IsArray() && !names->Empty() &&
                       (*names)[std::size_t{0}].IsString();
    all.push_back({.id = std::move(id),
                   .name = named ? without_slash(view((*names)[std::size_t{0}])) : std::string(),
                   .state = container_state(text(row, "State")),
                   .image = text(row, "Image"),
                   .labels = texts(object(row, "Labels"))});
  }
  return all;
}

Result<model::Container> parse_container(std::string_view body) {
  const auto document = parse(body, rapidjson::kObjectType);
  if (!document) return fail(document.error());
  const auto& config = object(*document, "Config");
  const auto& host = object(*document, "HostConfig");
  model::Container container;
  container.id = text(*document, "Id");
  if (container.id.empty()) return fail(Errc::bad_reply, "no Id in it");
  container.name = without_slash(text(*document, "Name"));
  container.image = text(config, "Image");
  container.image_id = text(*document, "Image");
  container.hostname = text(config, "Hostname");
  container.restart_policy = restart_policy(host);
  container.network_mode = text(host, "NetworkMode");
  container.labels = texts(object(config, "Labels"));
  container.tty = flag(config, "Tty");
  container.created_at = parse_timestamp(text(*document, "Created"));
  container.restart_count = count(*document, "RestartCount");
  container.limits = limits(host);
  container.cgroup_parent = text(host, "CgroupParent");
  read_state(object(*document, "State"), container);
  return container;
}

Result<std::uint64_t> parse_container_size(std::string_view body) {
  const auto document = parse(body, rapidjson::kObjectType);
  if (!document) return fail(document.error());
  const auto size = count(*document, "SizeRw");
  if (!size) return fail(Errc::bad_reply, "no SizeRw in it");
  return *size;
}

Result<model::ContainerStats> parse_container_stats(std::string_view body) {
  if (body.empty()) return model::ContainerStats{};
  const auto document = parse(body, rapidjson::kObjectType);
  if (!document) return fail(document.error());
  const auto read_at = parse_timestamp(text(*document, "read"));
  const auto& memory = object(*document, "memory_stats");
  const auto usage = count(memory, "usage");
  // Zeros for a container that has stopped, perhaps while we asked: nothing was measured.
  if (!read_at || !usage) return model::ContainerStats{};
  model::ContainerStats stats;
  stats.read_at = *read_at;
  stats.cpu = cpu_stats(object(*document, "cpu_stats"));
  stats.memory = memory_stats(memory, *usage);
  stats.networks = network_stats(object(*document, "networks"));
  stats.block_io = block_io_stats(object(*document, "blkio_stats"));
  const auto& pids = object(*document, "pids_stats");
  stats.pids = count(pids, "current");
  stats.pids_limit = positive(pids, "limit");
  return stats;
}

void drop_what_podman_gets_wrong(model::ContainerStats& stats) {
  stats.networks.clear();
  stats.block_io.clear();
  if (!stats.cpu) return;
  stats.cpu->user_seconds.reset();
  stats.cpu->system_seconds.reset();
}

Result<model::Event> parse_event(std::string_view line) {
  const auto document = parse(line, rapidjson::kObjectType);
  if (!document) return fail(document.error());
  const auto& actor = object(*document, "Actor");
  model::Event event{.type = text(*document, "Type"),
                     .action = text(*document, "Action"),
                     .id = text(actor, "ID"),
                     .attributes = texts(object(actor, "Attributes"))};
  if (event.type == "container" && event.action == "remove") event.action = "destroy";
  if (event.type == "container" && event.action == "died") event.action = "die";
  const auto nanoseconds = integer(*document, "timeNano");
  if (event.type.empty() || event.action.empty() || !nanoseconds || *nanoseconds <= 0) {
    return fail(Errc::bad_reply, "no Type, Action or timeNano in it: not an event");
  }
  event.at = WallTime{std::chrono::nanoseconds{*nanoseconds}};
  return event;
}

std::string error_message(std::string_view body) {
  constexpr std::size_t longest = 200;
  if (const auto document = parse(body, rapidjson::kObjectType)) {
    if (auto message = text(*document, "message"); !message.empty()) return message;
  }
  return std::string(body.substr(0, body.find_first_of("\r\n")).substr(0, longest));
}

}  // namespace tidegauge::docker::json
