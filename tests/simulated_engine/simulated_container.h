#pragma once

// A container of the simulated Engine: plain values. What it uses is not stored but computed from
// how long it has run (`usage_of`), so that counters start at nought and only grow within a run.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidegauge/util/time.h"

namespace tidegauge::test {

enum class Status : std::uint8_t { created, running, paused, restarting, exited };
enum class HealthStatus : std::uint8_t { none, starting, healthy, unhealthy };

[[nodiscard]] std::string_view to_string(Status status);
[[nodiscard]] std::string_view to_string(HealthStatus health);
[[nodiscard]] std::optional<HealthStatus> parse_health_status(std::string_view text);

/// What `docker create` is told.
struct ContainerSpec {
  std::string name;
  std::string image = "example/app:1.0";
  std::vector<std::pair<std::string, std::string>> labels = {};
  std::uint64_t memory_bytes = 0;  ///< 0 is no limit, as everywhere in the Engine
  std::int64_t nano_cpus = 0;
  std::int64_t pids_limit = 0;
  std::string network_mode = "default";  ///< "host" and "none" have no network counters
  std::string restart_policy = "no";
  HealthStatus health = HealthStatus::none;  ///< other than none: it has a health check
};

/// The network that the mode stands for.
[[nodiscard]] std::string network_of(const ContainerSpec& spec);

/// How much a container does; drawn once for each.
struct Load {
  double cpu_cores = 0;  ///< on average
  std::uint64_t rss_bytes = 0;
  std::uint64_t cache_bytes = 0;
  double receive_bytes_per_second = 0;
  double transmit_bytes_per_second = 0;
  double read_bytes_per_second = 0;
  double write_bytes_per_second = 0;
  std::uint64_t processes = 1;
};

struct SimulatedContainer {
  std::string id;
  ContainerSpec spec;
  Load load;

  Status status = Status::created;
  std::uint64_t failing_streak = 0;
  int exit_code = 0;
  bool oom_killed = false;
  std::uint64_t restart_count = 0;
  std::vector<std::string> further_networks;  ///< apart from that of `spec`
  int pid = 0;                                ///< 0 while it has no process

  WallTime created_at{};
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  std::optional<WallTime> paused_at;       ///< while paused
  std::chrono::nanoseconds paused_for{0};  ///< in this run, earlier pauses
};

[[nodiscard]] constexpr bool has_processes(const SimulatedContainer& container) {
  return container.status == Status::running || container.status == Status::paused;
}

/// What the kernel would have counted in this run.
struct Usage {
  std::uint64_t cpu_ns = 0, user_ns = 0, system_ns = 0;
  std::uint64_t periods = 0, throttled_periods = 0, throttled_ns = 0;
  std::uint64_t rss_bytes = 0, cache_bytes = 0, usage_bytes = 0, max_usage_bytes = 0;
  std::uint64_t page_faults = 0;
  std::uint64_t receive_bytes = 0, receive_packets = 0, transmit_bytes = 0, transmit_packets = 0;
  std::uint64_t read_bytes = 0, reads = 0, write_bytes = 0, writes = 0;
  std::uint64_t processes = 0;
};

/// Of a container that has processes.
[[nodiscard]] Usage usage_of(const SimulatedContainer& container, WallTime now);

}  // namespace tidegauge::test
