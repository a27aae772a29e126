#include "docker/replies.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "tidegauge/json/reader.h"
#include "tidegauge/util/timestamp.h"
#include "tidegauge/util/utf8.h"

namespace tidegauge::docker {
namespace {

constexpr std::size_t longest_message = 256;

std::string without_slash(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(1);
  return std::string(name);
}

model::ContainerLimits limits(json::Value host) {
  model::ContainerLimits limits;
  limits.memory_bytes = host["Memory"].positive();
  limits.memory_reservation_bytes = host["MemoryReservation"].positive();
  limits.memory_swap_bytes = host["MemorySwap"].positive();
  limits.pids = host["PidsLimit"].positive();
  constexpr std::uint64_t default_shares = 1024;  // a 0 means the same
  limits.cpu_shares = host["CpuShares"].count_or(default_shares);
  if (limits.cpu_shares == 0U) limits.cpu_shares = default_shares;
  constexpr std::uint64_t default_period_us = 100'000;
  if (const auto nano_cpus = host["NanoCpus"].positive()) {
    limits.cpu_period_us = default_period_us;
    limits.cpu_quota_us = *nano_cpus / 10'000;  // 1e9 nano CPUs are one period
  } else if (const auto quota = host["CpuQuota"].positive()) {
    limits.cpu_period_us = host["CpuPeriod"].positive().value_or(default_period_us);
    limits.cpu_quota_us = quota;
  }
  return limits;
}

/// The container's own name. With legacy links Docker also lists names such as "/app/db", the name
/// of the container "db" within "app", in any order.
std::string own_name(json::Value row) {
  std::string first;
  for (const auto value : row["Names"].elements()) {
    const auto text = value.text_view();
    if (!text) continue;
    auto name = without_slash(*text);
    if (!name.contains('/')) return name;
    if (first.empty()) first = std::move(name);
  }
  return first;
}

/// Some Engines send an empty name (20.10), others "no" (26.1), for the same policy.
std::string restart_policy(json::Value host) {
  const auto policy = host["RestartPolicy"];
  if (!policy.is_present()) return {};
  auto name = policy["Name"].text();
  return name.empty() ? "no" : name;
}

/// Podman names further states between Docker's.
model::ContainerState container_state(std::string_view word) {
  if (word == "stopped") word = "exited";
  if (word == "stopping") word = "running";
  if (word == "configured" || word == "initialized") word = "created";
  return model::parse_container_state(word);
}

/// The last element of `Health.Log`. Engines keep the last five, with outputs of up to 4 KiB each.
model::HealthCheckResult last_health_check(json::Value log) {
  json::Value last;
  for (const auto check : log.elements()) last = check;
  const auto start = parse_timestamp(last["Start"].text());
  const auto end = parse_timestamp(last["End"].text());
  model::HealthCheckResult result{.exit_code = last["ExitCode"].integer<int>()};
  if (start && end && *start <= *end) {
    result.duration_seconds = std::chrono::duration<double>(*end - *start).count();
  }
  return result;
}

std::vector<model::AttachedNetwork> attached_networks(json::Value networks) {
  constexpr std::size_t most_networks = 32;
  constexpr std::size_t longest_text = 128;  // names are chosen by users
  std::vector<model::AttachedNetwork> attached;
  for (const auto [name, network] : networks.members()) {
    if (attached.size() == most_networks) break;
    attached.push_back(
        {.name = one_line(name, longest_text),
         .ipv4_address = one_line(network["IPAddress"].text(), longest_text),
         .ipv6_address = one_line(network["GlobalIPv6Address"].text(), longest_text)});
  }
  std::ranges::sort(attached, {}, &model::AttachedNetwork::name);
  return attached;
}

void read_state(json::Value state, model::Container& container) {
  container.state = container_state(state["Status"].text());
  if (state["Dead"].boolean().value_or(false) && !model::has_processes(container.state)) {
    container.state = model::ContainerState::dead;
  }
  container.started_at = parse_timestamp(state["StartedAt"].text());
  container.finished_at = parse_timestamp(state["FinishedAt"].text());
  container.oom_killed = state["OOMKilled"].boolean().value_or(false);
  container.start_error = one_line(state["Error"].text(), longest_message);
  const auto exit_code = state["ExitCode"].integer<int>();
  // A failed start has an exit code (128) but no end. A code of 0 without an end: no run so far.
  if ((container.finished_at || exit_code != 0) && !model::has_processes(container.state)) {
    container.exit_code = exit_code;
  }
  container.pid = state["Pid"].integer<int>();
  if (container.pid && *container.pid <= 0) container.pid.reset();
  const auto health = state["Health"];
  container.health = model::parse_health(health["Status"].text());
  if (container.health != model::Health::none) {
    container.health_failing_streak = health["FailingStreak"].integer<std::uint32_t>();
    container.last_health_check = last_health_check(health["Log"]);
  }
}

}  // namespace

Result<model::EngineVersion> parse_version(std::string_view body) {
  const auto document = json::Document::parse_object(body);
  if (!document) return fail(document.error());
  const auto root = document->root();
  model::EngineVersion version{.version = root["Version"].text(),
                               .os = root["Os"].text(),
                               .arch = root["Arch"].text(),
                               .kernel_version = root["KernelVersion"].text()};
  const auto api = model::parse_api_version(root["ApiVersion"].text());
  if (version.version.empty() || !api) {
    return fail(Errc::bad_reply, "no Version or ApiVersion in it: not a Docker Engine?");
  }
  version.api_version = *api;
  for (const auto part : root["Components"].elements()) {
    version.is_podman = version.is_podman || part["Name"].text() == "Podman Engine";
  }
  version.min_api_version =
      model::parse_api_version(root["MinAPIVersion"].text()).value_or(model::ApiVersion{});
  return version;
}

Result<model::EngineInfo> parse_info(std::string_view body) {
  const auto document = json::Document::parse_object(body);
  if (!document) return fail(document.error());
  const auto root = document->root();
  return model::EngineInfo{.name = root["Name"].text(),
                           .operating_system = root["OperatingSystem"].text(),
                           .docker_root_dir = root["DockerRootDir"].text(),
                           .storage_driver = root["Driver"].text(),
                           .cgroup_driver = root["CgroupDriver"].text(),
                           .cgroup_version = root["CgroupVersion"].text() == "2" ? 2U : 1U,
                           .cpus = root["NCPU"].integer<std::uint32_t>(),
                           .memory_bytes = root["MemTotal"].count(),
                           .containers = root["Containers"].count(),
                           .live_restore = root["LiveRestoreEnabled"].boolean().value_or(false),
                           .system_time = parse_timestamp(root["SystemTime"].text())};
}

Result<std::vector<model::ContainerSummary>> parse_container_list(std::string_view body) {
  // Enough for 50,000 containers with 40 labels each, not counting the texts.
  constexpr std::size_t most_bytes = std::size_t{128} << 20U;
  std::size_t bytes = 0;
  std::vector<model::ContainerSummary> all;
  auto read = json::for_each_element(body, [&](json::Value row) -> Result<void> {
    model::ContainerSummary summary{.id = row["Id"].text(),
                                    .name = own_name(row),
                                    .state = container_state(row["State"].text()),
                                    .image = row["Image"].text(),
                                    .labels = row["Labels"].texts()};
    if (summary.id.empty()) return fail(Errc::bad_reply, "a container without an Id");
    bytes += sizeof(summary);
    if (bytes > most_bytes) return fail(Errc::bad_reply, "takes too much memory");
    // A container with a million labels must not hide the others; its inspect limits its labels.
    const auto of_labels = summary.labels.size() * sizeof(summary.labels.front());
    if (bytes + of_labels > most_bytes) summary.labels = {};
    bytes += summary.labels.size() * sizeof(summary.labels.front());
    all.push_back(std::move(summary));
    return {};
  });
  if (!read) return fail(read.error());
  return all;
}

Result<model::Container> parse_container(std::string_view body) {
  const auto document = json::Document::parse_object(body);
  if (!document) return fail(document.error());
  const auto root = document->root();
  const auto config = root["Config"];
  const auto host = root["HostConfig"];
  model::Container container;
  container.id = root["Id"].text();
  if (container.id.empty()) return fail(Errc::bad_reply, "no Id in it");
  container.name = without_slash(root["Name"].text());
  container.image = config["Image"].text();
  container.image_id = root["Image"].text();
  container.hostname = config["Hostname"].text();
  container.restart_policy = restart_policy(host);
  container.network_mode = host["NetworkMode"].text();
  container.attached_networks = attached_networks(root["NetworkSettings"]["Networks"]);
  container.labels = config["Labels"].texts();
  container.tty = config["Tty"].boolean().value_or(false);
  container.created_at = parse_timestamp(root["Created"].text());
  container.restart_count = root["RestartCount"].count();
  container.limits = limits(host);
  container.cgroup_parent = host["CgroupParent"].text();
  read_state(root["State"], container);
  return container;
}

Result<std::uint64_t> parse_container_size(std::string_view body) {
  const auto document = json::Document::parse_object(body);
  if (!document) return fail(document.error());
  const auto root = document->root();
  const auto size = root["SizeRw"].count();
  if (!size) return fail(Errc::bad_reply, "no SizeRw in it");
  return *size;
}

Result<model::Event> parse_event(std::string_view line) {
  const auto document = json::Document::parse_object(line);
  if (!document) return fail(document.error());
  const auto root = document->root();
  const auto actor = root["Actor"];
  model::Event event{.type = root["Type"].text(),
                     .action = root["Action"].text(),
                     .id = actor["ID"].text(),
                     .attributes = actor["Attributes"].texts()};
  if (event.type == "container" && event.action == "remove") event.action = "destroy";
  if (event.type == "container" && event.action == "died") event.action = "die";
  const auto nanoseconds = root["timeNano"].integer();
  if (event.type.empty() || event.action.empty() || !nanoseconds || *nanoseconds <= 0) {
    return fail(Errc::bad_reply, "no Type, Action or timeNano in it: not an event");
  }
  event.at = WallTime{std::chrono::nanoseconds{*nanoseconds}};
  return event;
}

std::string error_message(std::string_view body) {
  if (const auto document = json::Document::parse_object(body)) {
    const auto message = document->root()["message"].text();
    if (!message.empty()) return one_line(message, longest_message);
  }
  return one_line(body.substr(0, body.find_first_of("\r\n")), longest_message);
}

}  // namespace tidegauge::docker
