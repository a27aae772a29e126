#include "app/daemon.h"

#include <algorithm>
#include <utility>

#include "app/debug_page.h"
#include "tidegauge/http/curl_transport.h"

namespace tidegauge::app {
namespace {

constexpr Milliseconds shutdown_grace{500};

std::vector<std::string> names_of(const std::vector<config::EndpointConfig>& endpoints) {
  std::vector<std::string> names;
  for (const auto& endpoint : endpoints) names.push_back(endpoint.name);
  return names;
}

/// Whatever an Engine over TCP is, its containers' processes are elsewhere, unless somebody says
/// otherwise.
config::MonitorConfig monitor_options(const config::Config& config,
                                      const config::EndpointConfig& endpoint) {
  auto options = config.container_monitor;
  options.stats_source = endpoint.stats_source.value_or(options.stats_source);
  const bool local = endpoint.address.scheme == model::EngineAddress::Scheme::unix_socket;
  if (!local && options.stats_source == config::StatsChoice::automatic) {
    options.stats_source = config::StatsChoice::engine;
  }
  if (config::contains(config.metrics.disable, config::MetricGroup::filesystem)) {
    options.filesystem_interval = {};  // nobody would see the measurements
  }
  return options;
}

constexpr std::string_view landing_page = R"(<!DOCTYPE html>
<html lang="en"><head><title>tidegauge</title></head><body>
<h1>tidegauge</h1>
<p><a href="/metrics">Metrics</a> · <a href="/-/healthy">Healthy</a> · <a href="/-/ready">Ready</a> ·
<a href="/debug/pool">Connections</a></p>
</body></html>
)";

}  // namespace

Daemon::Daemon(const config::Config& config, const DescriptorPlan& descriptors, Logger& logger)
    : config_(config),
      descriptors_(descriptors),
      logger_(logger),
      guard_(logger),
      instruments_(
          logger, guard_,
          {.process = config.metrics.process, .many_engines = config.endpoints.size() > 1}),
      series_limit_({.series = config.metrics.max_series, .bytes = config.metrics.max_page_bytes},
                    logger),
      pools_(config.endpoints, config.pool, http::make_curl_transport, logger, guard_),
      clients_(pools_, config.endpoints, config.pool),
      snapshots_(names_of(config.endpoints)) {
  for (std::size_t i = 0; i < config.endpoints.size(); ++i) {
    monitors_.push_back(std::make_unique<monitor::ContainerMonitor>(
        config.endpoints[i].name, i, monitor_options(config, config.endpoints[i]),
        monitor::MonitorContext{
            .clients = clients_,
            .snapshots = snapshots_,
            .on_cycle_finished =
                [this](const model::CycleReport& report) { instruments_.record_cycle(report); },
            .logger = logger,
            .guard = guard_,
            .max_connections = config.pool.max_connections,
            .kernel = {.procfs = config.path.procfs, .sysfs = config.path.sysfs},
            .kernel_descriptors = descriptors.kernel_per_monitor,
            .optional_groups = config::collected_groups(config.metrics)}));
  }
}

Daemon::~Daemon() {
  for (auto& thread : threads_) thread.request_stop();
  threads_.clear();
  monitors_.clear();  // before the pools: calls are cancelled instead of failing in closing pools
  server_.reset();
  for (const auto& held : pools_.close_all(shutdown_grace)) {
    logger_.warn("connection still held at shutdown", {{"holder", held}});
  }
}

Result<void> Daemon::start() {
  auto server = web::Server::start(
      {.listen_address = config_.web.listen_address, .max_connections = descriptors_.clients},
      routes(), guard_);
  if (!server) return fail(server.error());
  server_ = std::move(*server);
  for (auto& monitor : monitors_) {
    threads_.emplace_back([this, &monitor](const std::stop_token& stop) {
      guard_.run("monitor", stop, [&] { monitor->run(stop); });
    });
  }
  logger_.info("tidegauge has started", {{"version", TIDEGAUGE_VERSION},
                                         {"listen_address", config_.web.listen_address},
                                         {"port", server_->port()},
                                         {"endpoints", config_.endpoints.size()}});
  return {};
}

bool Daemon::run_once() {
  for (auto& monitor : monitors_) monitor->run_once();
  return std::ranges::all_of(snapshots_.latest(), [](const auto& engine) { return engine->up; });
}

std::unique_ptr<metrics::Page> Daemon::page_of_cycle() {
  return page(snapshots_.latest());
}

model::Snapshot Daemon::fresh_snapshots() const {
  return model::without_stale(snapshots_.latest(), steady_now(),
                              config::greatest_age(config_.container_monitor));
}

std::unique_ptr<metrics::Page> Daemon::page(model::Snapshot engines) {
  return std::make_unique<metrics::Page>(
      metrics::PageInput{
          .engines = std::move(engines), .pools = pools_.stats(), .clients = clients_.stats()},
      metrics::PageOptions{.container_labels = config_.container_monitor.labels,
                           .labels = config_.metrics.labels,
                           .disable = config_.metrics.disable,
                           .max_label_length = config_.metrics.max_label_length},
      instruments_, series_limit_);
}

std::vector<web::Route> Daemon::routes() {
  const auto fixed = [](std::string_view type, std::string_view body) {
    return [type, body](const web::Request&) {
      return web::Response{.content_type = std::string(type), .body = std::string(body)};
    };
  };
  const auto metrics = [this](const web::Request&) {
    return web::Response{.content_type = metrics::page_content_type,
                         .next_piece = [page = page(fresh_snapshots())] { return page->next(); }};
  };
  const auto ready = [this](const web::Request&) {
    for (const auto& engine : fresh_snapshots()) {
      if (engine->up) continue;
      return web::Response{.status = 503,
                           .body = engine->endpoint + ": " + engine->down_reason + "\n"};
    }
    return web::Response{.body = "ready\n"};
  };
  const auto debug = [this](const web::Request&) {
    return web::Response{.content_type = "application/json", .body = debug_page(pools_.slots())};
  };
  constexpr std::string_view text = "text/plain; charset=utf-8";
  return {{"/", fixed("text/html; charset=utf-8", landing_page)},
          {"/metrics", metrics},
          {"/-/healthy", fixed(text, "healthy\n")},
          {"/-/ready", ready},
          {"/debug/pool", debug}};
}

}  // namespace tidegauge::app
