#pragma once

// The configuration as the program uses it: validated, with units. Plain values; every default
// stands here, and every option's name, bounds and help in one row of `src/config/options.cpp`.
// A new option is one field here and one row there; a test counts that none is forgotten.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tidegauge/config/metric_groups.h"
#include "tidegauge/model/container_glob.h"
#include "tidegauge/model/engine_address.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/time.h"

namespace tidegauge::config {

using namespace std::chrono_literals;

/// Who is asked for the resource numbers of containers.
enum class StatsChoice : std::uint8_t {
  automatic,  ///< the kernel where a container's cgroup is visible, the Engine elsewhere
  engine,
  kernel
};

/// One Engine to watch.
struct EndpointConfig {
  std::string name = "local";  ///< the label `endpoint`
  model::EngineAddress address;
  model::TlsFiles tls;
  std::optional<StatsChoice> stats_source = {};  ///< absent: as container_monitor.stats_source
  std::string engine_pid_file = {};  ///< nothing is connected to before it is there; empty: at once
  friend bool operator==(const EndpointConfig&, const EndpointConfig&) = default;
};

struct MonitorConfig {
  StatsChoice stats_source = StatsChoice::automatic;
  Milliseconds filesystem_interval = 0s;  ///< between two measurements of a container's writable
                                          ///< layer; 0: none
  Milliseconds interval = 10s;            ///< from the start of one cycle to the start of the next
  Milliseconds peak_interval = 0s;        ///< between two readings for the peaks; 0: none
  Milliseconds max_age = 0s;              ///< of what a page shows; 0: see `greatest_age`
  /// Calls at the same time to begin with, at most pool.max_connections: the loader lowers this
  /// default, never a value that was set, to a smaller pool.
  std::uint32_t max_in_flight = 8;
  Milliseconds ghost_window = 5min;         ///< how long what ended is still shown; 0: not at all
  Milliseconds counters_kept_for = 1h;      ///< of names that no container has any more
  Milliseconds reconcile_interval = 15min;  ///< between two checks of the inventory, and of each
                                            ///< container; 0: none
  std::uint32_t exit_log_lines = 0;         ///< of a container's log, read when it ends
  std::string state_directory;  ///< where the record of ends and counters is kept; empty: nowhere
  // Which containers are watched (src/monitor/container_filter.h).
  std::vector<model::ContainerGlob> include;  ///< none: all
  std::vector<model::ContainerGlob> exclude;
  bool opt_in = false;  ///< only those that say so themselves
  std::vector<std::string> labels{"com.docker.compose.project",
                                  "com.docker.compose.service",
                                  "com.docker.compose.project.working_dir",
                                  "com.docker.swarm.service.name",
                                  "com.docker.swarm.task.name",
                                  "com.docker.swarm.node.id"};  ///< exported as container_label_*

  friend bool operator==(const MonitorConfig&, const MonitorConfig&) = default;
};

/// The age from which on a page shows nothing of an Engine, as its monitor must have stopped: what
/// is set, or three intervals, but at least ten seconds, so that a busy machine looks like no
/// fault.
[[nodiscard]] constexpr Milliseconds greatest_age(const MonitorConfig& monitor) {
  if (monitor.max_age.count() > 0) return monitor.max_age;
  return std::max<Milliseconds>(3 * monitor.interval, 10s);
}

/// Which free connection the next caller gets.
enum class Balancing : std::uint8_t { lifo, round_robin, least_used, random };

/// What users do not set, as one value is right for every Engine. Tests set it.
struct PoolTuning {
  /// Connections that maintenance opens at the same time. A pool that fills up again after an
  /// outage must not flood the Engine.
  std::uint32_t max_connecting = 2;
  /// Callers in the queue for a connection; one more is refused at once. The daemon has
  /// hardly more callers than connections, so that only a fault fills the queue.
  std::uint32_t max_waiters = 64;
  /// The part of max_lifetime that is taken off at random. Connections that were opened together
  /// are then not replaced together.
  double lifetime_jitter = 0.1;
  /// A released connection is handed to a caller that has waited for longer than this; a caller
  /// that has waited for less may be overtaken by a running one, which saves the time that a thread
  /// takes to wake up: far less than 1 ms on an idle machine.
  Milliseconds handoff_threshold = 1ms;
  /// A caller with less time left gets no connection: the shortest call to an Engine takes as long.
  Milliseconds grant_margin = 1ms;
  /// A list or call that has begun to answer and then sends nothing for this long fails. An Engine
  /// writes an answer in one go; a list is larger and may come over a slow network.
  Milliseconds list_stall_timeout = 5s;
  Milliseconds call_stall_timeout = 2s;
  /// Calls about a container that has got stuck are refused for this long, and for twice as long
  /// each time, up to the maximum. The first time is the default of call_timeout: as much time off
  /// as the call has cost. The last finds a container that recovers within minutes.
  Milliseconds quarantine_initial = 5s;
  Milliseconds quarantine_max = 5min;
  /// Failed calls in a row that mean that the Engine is down. One or two may be bad luck, and every
  /// failure makes a probe due at once, which mostly decides sooner.
  std::uint32_t failure_threshold = 3;
  /// The pause before the first probe of an Engine that is down, and the longest between two. A
  /// restart of the Engine takes a second or more; a probe of a missing socket costs microseconds.
  Milliseconds probe_backoff_initial = 100ms;
  Milliseconds probe_backoff_max = 2s;

  friend bool operator==(const PoolTuning&, const PoolTuning&) = default;
};

struct PoolConfig {
  std::uint32_t max_connections = 16;
  std::uint32_t min_connections = 1;  ///< kept connected while the Engine is up
  std::uint32_t max_streams = 16;     ///< connections of streams, beyond max_connections
  Balancing balancing = Balancing::lifo;

  Milliseconds connection_timeout = 5s;  ///< how long a caller waits for a connection
  Milliseconds health_check_interval = 3s;
  Milliseconds idle_timeout = 60s;    ///< 0: never
  Milliseconds max_lifetime = 30min;  ///< 0: none
  Milliseconds leak_threshold = 30s;  ///< a lease held for longer is reported; 0: never

  // Limits of requests.
  Milliseconds connect_timeout = 2s;
  Milliseconds probe_timeout = 2s;  ///< of a ping
  Milliseconds list_timeout = 10s;  ///< of a list of containers
  Milliseconds call_timeout = 5s;   ///< of any other call, and of the first byte of a stream

  PoolTuning tuning;  ///< has no options

  friend bool operator==(const PoolConfig&, const PoolConfig&) = default;
};

/// Whether a page goes out compressed to a client that accepts it.
enum class Compression : std::uint8_t {
  automatic,  ///< not over the loopback and Unix sockets, where it costs more than it saves
  always,
  off
};

struct WebConfig {
  /// `host:port`, `[IPv6]:port`, `:port`, `unix:///path`, or `systemd`: the sockets that systemd
  /// passes. At least one, all different.
  std::vector<std::string> listen_addresses{"127.0.0.1:9717"};
  std::uint32_t socket_mode = 0660;  ///< permission bits of a Unix socket
  std::string socket_group;          ///< name or number; empty: the group of the process
  std::uint32_t max_connections = 256;
  std::uint32_t max_requests = 20;  ///< in flight at a time; one more is answered with status 503
  Compression compression = Compression::automatic;
  std::string config_file;        ///< see `web_config_file.h`; empty: none
  std::string bearer_token_file;  ///< empty: none
  bool enable_lifecycle = false;  ///< whether POST /-/reload is answered
  bool status_page = true;        ///< whether there is a page for people, with its history
  /// Whether that page shows the last lines of a container's log, and the names of its processes.
  /// See `load_web_protection` for when that is refused.
  bool show_logs = false;
  bool show_processes = false;

  friend bool operator==(const WebConfig&, const WebConfig&) = default;
};

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::logfmt;

  friend bool operator==(const LogConfig&, const LogConfig&) = default;
};

/// What tells the series of one container from those of another.
enum class SeriesLabels : std::uint8_t {
  cadvisor,  ///< id, name, image and container_label_*, as cAdvisor has them
  minimal    ///< the name; everything else is on container_info alone
};

/// What is on the page.
struct MetricsConfig {
  bool process = true;  ///< the daemon's own process_* metrics
  SeriesLabels labels = SeriesLabels::cadvisor;
  std::vector<MetricGroup> enable;                  ///< optional groups to collect and to show
  std::vector<MetricGroup> disable;                 ///< groups to leave off the page
  std::uint32_t max_series = 100'000;               ///< of containers
  std::uint32_t max_page_bytes = 64 * 1024 * 1024;  ///< of containers
  std::uint32_t max_label_length = 128;             ///< in bytes, of a container_label_*

  friend bool operator==(const MetricsConfig&, const MetricsConfig&) = default;
};

/// The optional groups that are collected. Those without a place on the page are not.
[[nodiscard]] OptionalGroups collected_groups(const MetricsConfig& metrics);

/// Where the kernel's files are, and those of the daemon.
struct PathConfig {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  /// Where the private socket of `--healthcheck` and `--exits` is. The loader puts
  /// RUNTIME_DIRECTORY here where nothing else is set; empty: nowhere.
  std::string runtime;

  friend bool operator==(const PathConfig&, const PathConfig&) = default;
};

struct Config {
  std::vector<EndpointConfig> endpoints{EndpointConfig{}};
  MonitorConfig container_monitor;
  PoolConfig pool;
  WebConfig web;
  MetricsConfig metrics;
  PathConfig path;
  LogConfig log;

  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace tidegauge::config
