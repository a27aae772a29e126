#pragma once

// The configuration as the program uses it: validated, with units. Plain values; every default
// stands here, and every option's name, bounds and help in one row of `options.cpp`.

#include <cstdint>
#include <string>
#include <vector>

#include "tidegauge/model/engine_address.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/time.h"

namespace tidegauge::config {

using namespace std::chrono_literals;

/// One Engine to watch.
struct EndpointConfig {
  std::string name = "local";  ///< the label `endpoint`, and `pool` of its connections
  model::EngineAddress address;
  friend bool operator==(const EndpointConfig&, const EndpointConfig&) = default;
};

struct MonitorConfig {
  Milliseconds interval = 10s;      ///< from the start of one cycle to the start of the next
  std::uint32_t max_in_flight = 8;  ///< calls at the same time, at most pool.max_connections
  std::vector<std::string> labels{"com.docker.compose.project",
                                  "com.docker.compose.service",
                                  "com.docker.compose.project.working_dir",
                                  "com.docker.swarm.service.name",
                                  "com.docker.swarm.task.name",
                                  "com.docker.swarm.node.id"};  ///< exported as container_label_*
};

struct PoolConfig {
  std::uint32_t max_connections = 16;
  std::uint32_t min_connections = 1;
  std::uint32_t max_waiters = 64;        ///< callers that may queue for a connection
  Milliseconds connection_timeout = 5s;  ///< how long a caller waits for a connection
  Milliseconds health_check_interval = 3s;
  Milliseconds idle_timeout = 60s;  ///< 0: never

  Milliseconds connect_timeout = 2s;
  Milliseconds probe_timeout = 2s;  ///< of a ping
  Milliseconds list_timeout = 10s;  ///< of a list of containers
  Milliseconds call_timeout = 5s;   ///< of any other call
  Milliseconds stream_first_byte_timeout = 5s;
};

struct WebConfig {
  std::string listen_address = "127.0.0.1:9717";
  std::uint32_t max_connections = 64;
};

struct LogConfig {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::logfmt;
};

/// Which groups of metrics are on the page.
struct MetricsConfig {
  bool process = true;  ///< the daemon's own process_* metrics
};

struct Config {
  std::vector<EndpointConfig> endpoints{EndpointConfig{}};
  MonitorConfig container_monitor;
  PoolConfig pool;
  WebConfig web;
  MetricsConfig metrics;
  LogConfig log;
};

}  // namespace tidegauge::config
