#include "simulated_engine/simulated_container.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

namespace tidegauge::test {

namespace {

constexpr std::array health_words{
    std::pair{HealthStatus::none, std::string_view("none")},
    std::pair{HealthStatus::starting, std::string_view("starting")},
    std::pair{HealthStatus::healthy, std::string_view("healthy")},
    std::pair{HealthStatus::unhealthy, std::string_view("unhealthy")},
};

double seconds_run(const SimulatedContainer& container, WallTime now) {
  const auto until = container.paused_at.value_or(now);
  return std::max(0.0, to_seconds(until - *container.started_at - container.paused_for));
}

std::uint64_t whole(double value) {
  return static_cast<std::uint64_t>(value);
}

/// The Engine reports user and system time in the kernel's ticks of 10 ms.
std::uint64_t whole_ticks(double seconds) {
  return whole(seconds * 100) * 10'000'000;
}

void add_cpu(Usage& usage, const SimulatedContainer& container, double seconds, double busy) {
  const double cpu_seconds = container.load.cpu_cores * busy;
  usage.cpu_ns = whole(cpu_seconds * 1e9);
  usage.user_ns = whole_ticks(cpu_seconds * 0.7);
  usage.system_ns = whole_ticks(cpu_seconds * 0.3);
  if (container.spec.nano_cpus == 0) return;
  usage.periods = whole(seconds * 10);
  usage.throttled_periods = usage.periods / 25;
  usage.throttled_ns = usage.throttled_periods * 12'345'678;
}

void add_memory(Usage& usage, const SimulatedContainer& container, double seconds) {
  constexpr double widest = 1.2;
  const auto& load = container.load;
  const double wander = 1 + 0.1 * std::sin(seconds / 11) + 0.1 * std::sin(seconds / 3.7);
  usage.rss_bytes = whole(static_cast<double>(load.rss_bytes) * wander) / 4096 * 4096;
  usage.cache_bytes = load.cache_bytes;
  usage.usage_bytes = usage.rss_bytes + usage.cache_bytes;
  usage.max_usage_bytes = whole(static_cast<double>(load.rss_bytes) * widest) + load.cache_bytes;
  usage.page_faults = 1'000 + whole(seconds * 17);
}

}  // namespace

std::string network_of(const ContainerSpec& spec) {
  return spec.network_mode == "default" ? "bridge" : spec.network_mode;
}

std::string_view to_string(Status status) {
  switch (status) {
    case Status::created:
      return "created";
    case Status::running:
      return "running";
    case Status::paused:
      return "paused";
    case Status::restarting:
      return "restarting";
    case Status::exited:
      return "exited";
  }
  return "";
}

std::string_view to_string(HealthStatus health) {
  return std::ranges::find(health_words, health, [](const auto& word) { return word.first; })
      ->second;
}

std::optional<HealthStatus> parse_health_status(std::string_view text) {
  for (const auto& [health, word] : health_words) {
    if (word == text) return health;
  }
  return std::nullopt;
}

Usage usage_of(const SimulatedContainer& container, WallTime now) {
  const double seconds = seconds_run(container, now);
  // Busier and quieter times, without ever going back: the derivative stays positive.
  const double busy = seconds + 3 * std::sin(seconds / 7);
  Usage usage;
  add_cpu(usage, container, seconds, busy);
  add_memory(usage, container, seconds);
  const auto& load = container.load;
  usage.receive_bytes = whole(load.receive_bytes_per_second * busy);
  usage.receive_packets = usage.receive_bytes / 700;
  usage.transmit_bytes = whole(load.transmit_bytes_per_second * busy);
  usage.transmit_packets = usage.transmit_bytes / 500;
  usage.reads = whole(load.read_bytes_per_second * busy / 4096);
  usage.read_bytes = usage.reads * 4096;
  usage.writes = whole(load.write_bytes_per_second * busy / 16'384);
  usage.write_bytes = usage.writes * 16'384;
  usage.processes = load.processes;
  return usage;
}

}  // namespace tidegauge::test
