#include "tidegauge/config/changes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/options.h"

namespace tidegauge::config {
namespace {

using enum AppliedBy;

constexpr std::array<std::pair<std::string_view, AppliedBy>, 58> rows_by_path{{
    {"container_monitor.interval", monitors},
    {"container_monitor.peak_interval", monitors},
    {"container_monitor.max_age", page},
    {"container_monitor.stats_source", monitors},
    {"container_monitor.filesystem_interval", monitors},
    {"container_monitor.max_in_flight", monitors},
    {"container_monitor.ghost_window", monitors},
    {"container_monitor.counters_kept_for", monitors},
    {"container_monitor.reconcile_interval", monitors},
    {"container_monitor.exit_log_lines", monitors},
    {"container_monitor.state_directory", restart},
    {"container_monitor.include", monitors},
    {"container_monitor.exclude", monitors},
    {"container_monitor.opt_in", monitors},
    {"container_monitor.labels", page},
    {"pool.socket_path", endpoints},
    {"pool.tls_ca_file", endpoints},
    {"pool.tls_cert_file", endpoints},
    {"pool.tls_key_file", endpoints},
    {"pool.tls_verify", endpoints},
    {"pool.engine_pid_file", endpoints},
    {"pool.max_connections", restart},
    {"pool.min_connections", restart},
    {"pool.max_streams", restart},
    {"pool.balancing", restart},
    {"pool.connection_timeout", restart},
    {"pool.health_check_interval", restart},
    {"pool.idle_timeout", restart},
    {"pool.max_lifetime", restart},
    {"pool.leak_threshold", restart},
    {"pool.connect_timeout", restart},
    {"pool.probe_timeout", restart},
    {"pool.list_timeout", calls},
    {"pool.call_timeout", calls},
    {"web.listen_address", restart},
    {"web.socket_mode", restart},
    {"web.socket_group", restart},
    {"web.max_connections", restart},
    {"web.max_requests", restart},
    {"web.compression", web},
    {"web.config_file", web},
    {"web.bearer_token_file", web},
    {"web.enable_lifecycle", web},
    {"web.status_page", web},
    {"web.show_logs", web},
    {"web.show_processes", web},
    {"metrics.process", page},
    {"metrics.labels", page},
    {"metrics.enable", monitors},
    {"metrics.disable", monitors},
    {"metrics.max_series", page},
    {"metrics.max_page_bytes", page},
    {"metrics.max_label_length", page},
    {"path.procfs", restart},
    {"path.sysfs", restart},
    {"path.runtime", restart},
    {"log.level", log},
    {"log.format", log},
}};

}  // namespace

AppliedBy applied_by(std::string_view path) {
  const auto* const found =
      std::ranges::find(rows_by_path, path, &decltype(rows_by_path)::value_type::first);
  return found == rows_by_path.end() ? restart : found->second;
}

std::vector<std::string_view> paths_with_rows() {
  std::vector<std::string_view> paths;
  for (const auto& [path, by] : rows_by_path) paths.push_back(path);
  return paths;
}

std::vector<Change> changes(const Config& before, const Config& after) {
  std::vector<Change> all;
  for (const auto& option : options()) {
    if (option.describes_endpoint || option.get(before) == option.get(after)) continue;
    all.push_back({.option = option.path, .applied_by = applied_by(option.path)});
  }
  if (before.endpoints != after.endpoints) {
    all.push_back({.option = "endpoints", .applied_by = endpoints});
  }
  return all;
}

}  // namespace tidegauge::config
