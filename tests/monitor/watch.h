#pragma once

// A ContainerMonitor with all that it needs, of the Engine at a socket.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/log_capture.h"
#include "tidegauge/cgroup/locator.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/monitor/container_monitor.h"
#include "tidegauge/pool/pool_manager.h"
#include "tidegauge/util/guarded.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::test {

class Reports {
 public:
  void record(const model::CycleReport& report) {
    reports_.with([&](auto& reports) { reports.push_back(report); });
    if (const auto hook = hook_.with([](const auto& set) { return set; })) hook();
  }
  /// Called at the end of each cycle, on the thread of `run`.
  void set_hook(std::function<void()> hook) {
    hook_.with([&](auto& current) { current = std::move(hook); });
  }
  [[nodiscard]] std::size_t count() const {
    return reports_.with([](const auto& reports) { return reports.size(); });
  }
  [[nodiscard]] model::CycleReport last() const {
    return reports_.with([](const auto& reports) { return reports.at(reports.size() - 1); });
  }

 private:
  Guarded<std::vector<model::CycleReport>> reports_;
  Guarded<std::function<void()>> hook_;
};

/// Nothing but the monitor asks the Engine anything, and it asks again at once about a container
/// that got stuck.
inline config::PoolConfig unattended() {
  using namespace std::chrono_literals;
  return {.min_connections = 0,
          .health_check_interval = 1h,
          .tuning = {.quarantine_initial = 0ms, .quarantine_max = 0ms}};
}

/// What a monitor sees of the kernel.
struct KernelView {
  cgroup::Paths paths;
  std::size_t descriptors = 1'000;
  cgroup::FilesystemSampler::Stat stat_filesystem = cgroup::stat_filesystem;
  config::OptionalGroups optional_groups = {};
  bool shows_machine = true;
};

/// A monitor of the Engine at a socket, with all that it needs, and what comes of it. Without the
/// kernel's files the Engine is asked alone.
class Watch {
 public:
  Watch(std::string socket_path, const config::PoolConfig& pool,
        const config::MonitorConfig& options, const std::optional<KernelView>& kernel = {})
      : pool_(pool),
        endpoints_{{.name = "local", .address = {.path = std::move(socket_path)}}},
        pools_(endpoints_, pool_, http::make_curl_transport, log_.logger(), guard_),
        clients_(pools_, endpoints_, pool_),
        snapshots_({"local"}),
        settings_{.options = kernel ? options : by_engine(options),
                  .max_connections = pool.max_connections,
                  .kernel_descriptors = kernel.value_or(KernelView()).descriptors,
                  .optional_groups = kernel.value_or(KernelView()).optional_groups,
                  .shows_machine = kernel.value_or(KernelView()).shows_machine},
        monitor_("local", settings_,
                 {.clients = clients_,
                  .snapshots = snapshots_,
                  .on_cycle_finished = [this](const auto& report) { reports_.record(report); },
                  .logger = log_.logger(),
                  .guard = guard_,
                  .kernel = kernel.value_or(KernelView()).paths,
                  .stat_filesystem = kernel.value_or(KernelView()).stat_filesystem}) {}

  monitor::ContainerMonitor& monitor() { return monitor_; }
  Reports& reports() { return reports_; }
  LogCapture& log() { return log_; }
  /// As the monitor was made with; a test changes a copy for `reconfigure`.
  [[nodiscard]] const monitor::MonitorSettings& settings() const { return settings_; }
  /// Of one cycle.
  std::shared_ptr<const model::EngineSnapshot> run_once() {
    monitor_.run_once();
    return snapshot();
  }
  std::shared_ptr<const model::EngineSnapshot> snapshot() { return snapshots_.latest().at(0); }
  /// Watches until the thread is destroyed.
  std::jthread run() {
    return std::jthread([this](const std::stop_token& stop) { monitor_.run(stop); });
  }

 private:
  static config::MonitorConfig by_engine(config::MonitorConfig options) {
    options.stats_source = config::StatsChoice::engine;
    return options;
  }

  config::PoolConfig pool_;
  std::vector<config::EndpointConfig> endpoints_;
  LogCapture log_;
  ThreadGuard guard_{log_.logger()};
  pool::PoolManager pools_;
  docker::ClientManager clients_;
  model::SnapshotStore snapshots_;
  Reports reports_;
  monitor::MonitorSettings settings_;
  monitor::ContainerMonitor monitor_;
};

}  // namespace tidegauge::test
