#pragma once

// What is known of a container apart from its resource use: who it is, how it is, what it may use.
// Plain values in base units (bytes, seconds, cores), made by `docker` from the Engine's replies
// or built by hand in tests. A field that is absent was not said by the source: it never becomes
// a zero.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidegauge/util/time.h"

namespace tidegauge::model {

/// The Engine's `State.Status`.
enum class ContainerState : std::uint8_t {
  created,
  running,
  paused,
  restarting,
  removing,
  exited,
  dead,
  unknown
};
inline constexpr std::array container_states{ContainerState::created,  ContainerState::running,
                                             ContainerState::paused,   ContainerState::restarting,
                                             ContainerState::removing, ContainerState::exited,
                                             ContainerState::dead,     ContainerState::unknown};

/// The Engine's `State.Health.Status`; `none` where there is no health check.
enum class Health : std::uint8_t { none, starting, healthy, unhealthy };
inline constexpr std::array health_statuses{Health::none, Health::starting, Health::healthy,
                                            Health::unhealthy};

[[nodiscard]] std::string_view to_string(ContainerState state) noexcept;
[[nodiscard]] std::string_view to_string(Health health) noexcept;
/// Unknown text becomes ContainerState::unknown, or Health::none.
[[nodiscard]] ContainerState parse_container_state(std::string_view text) noexcept;
[[nodiscard]] Health parse_health(std::string_view text) noexcept;

/// Limits as configured, not as clamped to the machine. Absent means unlimited.
struct ContainerLimits {
  std::optional<std::uint64_t> memory_bytes;
  std::optional<std::uint64_t> memory_reservation_bytes;
  std::optional<std::uint64_t> memory_swap_bytes;  ///< memory and swap together
  std::optional<std::uint64_t> cpu_period_us;      ///< present whenever the quota is
  std::optional<std::uint64_t> cpu_quota_us;
  std::optional<std::uint64_t> cpu_shares;  ///< 1024 by default
  std::optional<std::uint64_t> pids;
};

/// The last finished execution of a health check.
struct HealthCheckResult {
  std::optional<double> duration_seconds;
  std::optional<int> exit_code;  ///< -1: Docker has ended the check at its timeout
};

/// A network that a container is attached to.
struct AttachedNetwork {
  std::string name;
  std::string ipv4_address;  ///< empty: none, as of a container that does not run
  std::string ipv6_address;
};

/// One container as `GET /containers/{id}/json` shows it.
struct Container {
  std::string id;                                           ///< 64 hexadecimal digits
  std::string name;                                         ///< without the leading slash
  std::string image;                                        ///< as the user wrote it
  std::string image_id;                                     ///< "sha256:..."
  std::vector<std::pair<std::string, std::string>> labels;  ///< sorted by key
  std::string hostname;                                     ///< its own, as its programs see it
  std::string restart_policy;  ///< "no", "always", "on-failure", "unless-stopped"
  std::string network_mode;    ///< a network's name, "host", "none", "container:<id>", ...
  std::vector<AttachedNetwork> attached_networks;  ///< by name, at most 32

  ContainerState state = ContainerState::unknown;
  Health health = Health::none;
  std::optional<std::uint32_t> health_failing_streak;  ///< only with a health check
  HealthCheckResult last_health_check;                 ///< empty before the first one has ended
  std::optional<WallTime> created_at;
  std::optional<WallTime> started_at;   ///< absent: never started
  std::optional<WallTime> finished_at;  ///< absent: never ended
  std::optional<int> exit_code;  ///< of the last run, once it has ended; 128: it could not start
  std::string start_error;       ///< why the last start failed, at most 256 bytes; else empty
  bool oom_killed = false;
  std::optional<std::uint64_t> restart_count;  ///< the Engine's own; a manual start resets it
  std::optional<int> pid;                      ///< in the Engine's pid namespace, while it runs

  ContainerLimits limits;
  std::string cgroup_parent;  ///< empty: the Engine's default
  bool tty = false;           ///< its logs are not multiplexed
};

/// The value of the label `key` of the container; absent if there is none.
[[nodiscard]] std::optional<std::string_view> find_label(const Container& container,
                                                         std::string_view key);

/// Whether the container uses the network namespace of the host or of another container, as each
/// member of a Podman pod does. The traffic there belongs to the owner of the namespace.
[[nodiscard]] bool shares_network(const Container& container);

/// Whether a container in this state has processes, so that its resource use can be sampled.
[[nodiscard]] constexpr bool has_processes(ContainerState state) noexcept {
  return state == ContainerState::running || state == ContainerState::paused;
}

/// Its health while it runs, otherwise none: when a health check stops, with the container or as it
/// is paused, the Engine leaves "unhealthy" behind.
[[nodiscard]] inline Health current_health(const Container& container) noexcept {
  return container.state == ContainerState::running ? container.health : Health::none;
}

/// One row of `GET /containers/json`: the fields that decide what to inspect.
struct ContainerSummary {
  std::string id;
  std::string name;
  ContainerState state = ContainerState::unknown;
  std::string image = {};  ///< the image's id if the name means another image by now
  std::vector<std::pair<std::string, std::string>> labels = {};  ///< sorted by key
};

}  // namespace tidegauge::model
