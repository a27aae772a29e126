#include "docker/json.h"

#include <optional>
#include <utility>

#include "docker/json_document.h"
#include "docker/timestamp.h"
#include "tidegauge/util/utf8.h"

namespace tidegauge::docker::json {
namespace {

constexpr std::size_t longest_message = 256;

std::string without_slash(std::string_view name) {
  if (name.starts_with('/')) name.remove_prefix(1);
  return std::string(name);
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

/// With links Docker lists "/app/db" as well as "/db", in any order: the name that the container
/// has in another one, which links to it.
std::string own_name(const Value& row) {
  const auto* const names = member(row, "Names");
  if (names == nullptr || !names->IsArray()) return {};
  std::string first;
  for (const auto& value : names->GetArray()) {
    if (!value.IsString()) continue;
    auto name = without_slash(view(value));
    if (!name.contains('/')) return name;
    if (first.empty()) first = std::move(name);
  }
  return first;
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
  if (flag(state, "Dead") && !model::has_processes(container.state)) {
    container.state = model::ContainerState::dead;
  }
  container.started_at = parse_timestamp(text(state, "StartedAt"));
  container.finished_at = parse_timestamp(text(state, "FinishedAt"));
  container.oom_killed = flag(state, "OOMKilled");
  container.start_error = one_line(text(state, "Error"), longest_message);
  const auto exit_code = small<int>(integer(state, "ExitCode"));
  // A start that failed has no end, but a code (128): 0 is what a container has before any run.
  if ((container.finished_at || exit_code != 0) && !model::has_processes(container.state)) {
    container.exit_code = exit_code;
  }
  container.pid = small<int>(integer(state, "Pid"));
  if (container.pid && *container.pid <= 0) container.pid.reset();
  const auto& health = object(state, "Health");
  container.health = model::parse_health(text(health, "Status"));
  if (container.health != model::Health::none) {
    container.health_failing_streak = small<std::uint32_t>(integer(health, "FailingStreak"));
  }
}

}  // namespace

Result<model::EngineVersion> parse_version(std::string_view body) {
  Tree tree;
  if (auto parsed = tree.parse(body, rapidjson::kObjectType); !parsed) return fail(parsed.error());
  const auto& root = tree.root();
  model::EngineVersion version{.version = text(root, "Version"),
                               .os = text(root, "Os"),
                               .arch = text(root, "Arch"),
                               .kernel_version = text(root, "KernelVersion")};
  const auto api = model::parse_api_version(text(root, "ApiVersion"));
  if (version.version.empty() || !api) {
    return fail(Errc::bad_reply, "no Version or ApiVersion in it: not a Docker Engine?");
  }
  version.api_version = *api;
  if (const auto* const parts = member(root, "Components"); parts != nullptr && parts->IsArray()) {
    for (const auto& part : parts->GetArray()) {
      version.is_podman = version.is_podman || text(part, "Name") == "Podman Engine";
    }
  }
  version.min_api_version =
      model::parse_api_version(text(root, "MinAPIVersion")).value_or(model::ApiVersion{});
  return version;
}

Result<model::EngineInfo> parse_info(std::string_view body) {
  Tree tree;
  if (auto parsed = tree.parse(body, rapidjson::kObjectType); !parsed) return fail(parsed.error());
  const auto& root = tree.root();
  return model::EngineInfo{.name = text(root, "Name"),
                           .operating_system = text(root, "OperatingSystem"),
                           .docker_root_dir = text(root, "DockerRootDir"),
                           .storage_driver = text(root, "Driver"),
                           .cgroup_driver = text(root, "CgroupDriver"),
                           .cgroup_version = text(root, "CgroupVersion") == "2" ? 2U : 1U,
                           .cpus = small<std::uint32_t>(integer(root, "NCPU")),
                           .memory_bytes = count(root, "MemTotal"),
                           .containers = count(root, "Containers"),
                           .system_time = parse_timestamp(text(root, "SystemTime"))};
}

Result<std::vector<model::ContainerSummary>> parse_container_list(std::string_view body) {
  // 50,000 containers with 40 labels each take that much beside their texts.
  constexpr std::size_t most_bytes = std::size_t{128} << 20U;
  std::size_t bytes = 0;
  std::vector<model::ContainerSummary> all;
  auto read = for_each_element(body, [&](const Value& row) -> Result<void> {
    model::ContainerSummary summary{.id = text(row, "Id"),
                                    .name = own_name(row),
                                    .state = container_state(text(row, "State")),
                                    .image = text(row, "Image"),
                                    .labels = texts(object(row, "Labels"))};
    if (summary.id.empty()) return fail(Errc::bad_reply, "a container without an Id");
    bytes += sizeof(summary);
    if (bytes > most_bytes) return fail(Errc::bad_reply, "takes too much memory");
    // One container with a million labels hides no other; its inspect has the last word on them.
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
  Tree tree;
  if (auto parsed = tree.parse(body, rapidjson::kObjectType); !parsed) return fail(parsed.error());
  const auto& root = tree.root();
  const auto& config = object(root, "Config");
  const auto& host = object(root, "HostConfig");
  model::Container container;
  container.id = text(root, "Id");
  if (container.id.empty()) return fail(Errc::bad_reply, "no Id in it");
  container.name = without_slash(text(root, "Name"));
  container.image = text(config, "Image");
  container.image_id = text(root, "Image");
  container.hostname = text(config, "Hostname");
  container.restart_policy = restart_policy(host);
  container.network_mode = text(host, "NetworkMode");
  container.labels = texts(object(config, "Labels"));
  container.tty = flag(config, "Tty");
  container.created_at = parse_timestamp(text(root, "Created"));
  container.restart_count = count(root, "RestartCount");
  container.limits = limits(host);
  container.cgroup_parent = text(host, "CgroupParent");
  read_state(object(root, "State"), container);
  return container;
}

Result<std::uint64_t> parse_container_size(std::string_view body) {
  Tree tree;
  if (auto parsed = tree.parse(body, rapidjson::kObjectType); !parsed) return fail(parsed.error());
  const auto& root = tree.root();
  const auto size = count(root, "SizeRw");
  if (!size) return fail(Errc::bad_reply, "no SizeRw in it");
  return *size;
}

Result<model::Event> parse_event(std::string_view line) {
  Tree tree;
  if (auto parsed = tree.parse(line, rapidjson::kObjectType); !parsed) return fail(parsed.error());
  const auto& root = tree.root();
  const auto& actor = object(root, "Actor");
  model::Event event{.type = text(root, "Type"),
                     .action = text(root, "Action"),
                     .id = text(actor, "ID"),
                     .attributes = texts(object(actor, "Attributes"))};
  if (event.type == "container" && event.action == "remove") event.action = "destroy";
  if (event.type == "container" && event.action == "died") event.action = "die";
  const auto nanoseconds = integer(root, "timeNano");
  if (event.type.empty() || event.action.empty() || !nanoseconds || *nanoseconds <= 0) {
    return fail(Errc::bad_reply, "no Type, Action or timeNano in it: not an event");
  }
  event.at = WallTime{std::chrono::nanoseconds{*nanoseconds}};
  return event;
}

std::string error_message(std::string_view body) {
  Tree tree;
  if (tree.parse(body, rapidjson::kObjectType)) {
    const auto message = text(tree.root(), "message");
    if (!message.empty()) return one_line(message, longest_message);
  }
  return one_line(body.substr(0, body.find_first_of("\r\n")), longest_message);
}

}  // namespace tidegauge::docker::json
