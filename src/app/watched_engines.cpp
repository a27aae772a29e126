#include "app/watched_engines.h"

#include <algorithm>

#include "tidegauge/http/curl_transport.h"
#include "tidegauge/monitor/container_log.h"

namespace tidegauge::app {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds shutdown_grace{500};
constexpr auto longest_reconfiguration = 1s;

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

monitor::MonitorSettings settings_of(const config::EndpointConfig& endpoint,
                                     const config::Config& config,
                                     const DescriptorPlan& descriptors) {
  return {.options = monitor_options(config, endpoint),
          .max_connections = config.pool.max_connections,
          .kernel_descriptors = descriptors.kernel_per_monitor,
          .optional_groups = config::collected_groups(config.metrics),
          .shows_machine = !config::contains(config.metrics.disable, config::MetricGroup::machine)};
}

/// Whether both are watched by the same connections, whatever else differs.
bool is_same_engine(const config::EndpointConfig& one, const config::EndpointConfig& other) {
  return one.name == other.name && one.address == other.address && one.tls == other.tls &&
         one.engine_pid_file == other.engine_pid_file;
}

}  // namespace

WatchedEngines::WatchedEngines(const config::Config& config, const DescriptorPlan& descriptors,
                               Logger& logger, ThreadGuard& guard, Hooks hooks)
    : logger_(logger),
      guard_(guard),
      hooks_(std::move(hooks)),
      path_(config.path),
      pools_({}, config.pool, http::make_curl_transport, logger, guard, hooks_.heartbeats),
      clients_(pools_, {}, config.pool),
      snapshots_({}, hooks_.on_publish) {
  for (const auto& endpoint : config.endpoints) add(endpoint, config, descriptors);
}

WatchedEngines::~WatchedEngines() {
  stop();
  engines_.clear();  // before the pools: calls are cancelled instead of failing in closing pools
  for (const auto& held : pools_.close_all(shutdown_grace)) {
    logger_.warn("connection still held at shutdown", {{"holder", held}});
  }
}

void WatchedEngines::start() {
  started_ = true;
  for (const auto& engine : engines_) start(*engine);
}

void WatchedEngines::stop() {
  for (const auto& engine : engines_) engine->thread.request_stop();
  for (const auto& engine : engines_) {
    if (engine->thread.joinable()) engine->thread.join();
  }
}

bool WatchedEngines::run_once() {
  for (const auto& engine : engines_) engine->monitor->run_once();
  return std::ranges::all_of(snapshots(), [](const auto& engine) { return engine->up; });
}

Result<std::vector<std::string>> WatchedEngines::read_log(const LogReader::Log& log,
                                                          const std::stop_token& stop) {
  constexpr auto limit = 10s;
  constexpr std::size_t most_bytes = std::size_t{64} * 1024;
  const auto pass = gate_.enter(log.endpoint, stop);
  if (!pass) return fail(pass.error());
  return monitor::read_last_lines(clients_, log.endpoint,
                                  {.id = log.id, .lines = log.lines, .most_bytes = most_bytes},
                                  steady_now() + limit, (*pass)->stop());
}

// --- changes ------------------------------------------------------------------------------------

void WatchedEngines::remove_others(const config::Config& config) {
  const auto stays = [&](const std::unique_ptr<Engine>& engine) {
    return std::ranges::any_of(config.endpoints, [&](const config::EndpointConfig& endpoint) {
      return is_same_engine(endpoint, engine->endpoint);
    });
  };
  std::vector<std::string> names;
  for (const auto& engine : engines_) {
    if (stays(engine)) continue;
    engine->thread.request_stop();  // all of them before the first is waited for
    names.push_back(engine->endpoint.name);
  }
  std::erase_if(engines_, [&](const auto& engine) { return !stays(engine); });
  if (!names.empty()) forget_removed(names);
}

/// Their monitors are gone.
void WatchedEngines::forget_removed(const std::vector<std::string>& names) {
  gate_.set_endpoints(names_of(endpoints()));
  snapshots_.set_endpoints(names_of(endpoints()));
  clients_.set_endpoints(endpoints());
  for (const auto& name : names) {
    for (const auto& held : pools_.remove(name, shutdown_grace)) {
      logger_.warn("connection still held when its Engine is no longer watched",
                   {{"endpoint", name}, {"holder", held}});
    }
  }
}

void WatchedEngines::apply(const config::Config& config, const DescriptorPlan& descriptors) {
  remove_others(config);
  clients_.reconfigure(config.pool);
  for (const auto& endpoint : config.endpoints) {
    const auto known = std::ranges::find_if(engines_, [&](const std::unique_ptr<Engine>& engine) {
      return engine->endpoint.name == endpoint.name;
    });
    if (known == engines_.end()) {
      add(endpoint, config, descriptors);
    } else {
      (*known)->endpoint = endpoint;
      (*known)->monitor->reconfigure(settings_of(endpoint, config, descriptors));
    }
  }
  if (!started_) return;
  const auto deadline = steady_now() + longest_reconfiguration;
  for (const auto& engine : engines_) {
    if (engine->monitor->wait_until_reconfigured(deadline)) continue;
    logger_.warn("a monitor takes long to apply the configuration",
                 {{"endpoint", engine->endpoint.name}});
  }
}

/// What throws leaves no trace.
void WatchedEngines::add(const config::EndpointConfig& endpoint, const config::Config& config,
                         const DescriptorPlan& descriptors) {
  auto engine = std::make_unique<Engine>();
  engine->endpoint = endpoint;
  engine->monitor = std::make_unique<monitor::ContainerMonitor>(
      endpoint.name, settings_of(endpoint, config, descriptors),
      monitor::MonitorContext{.clients = clients_,
                              .snapshots = snapshots_,
                              .on_cycle_finished = hooks_.on_cycle,
                              .logger = logger_,
                              .guard = guard_,
                              .kernel = {.procfs = path_.procfs, .sysfs = path_.sysfs},
                              .restored = hooks_.restore(endpoint.name),
                              .heartbeats = hooks_.heartbeats});
  pools_.add(endpoint, config.pool);
  engines_.push_back(std::move(engine));
  try {
    clients_.set_endpoints(endpoints());
    snapshots_.set_endpoints(names_of(endpoints()));
    gate_.set_endpoints(names_of(endpoints()));
    if (started_) start(*engines_.back());
  } catch (...) {
    engines_.pop_back();
    forget_removed({endpoint.name});
    throw;
  }
}

void WatchedEngines::start(Engine& engine) {
  engine.thread = std::jthread([this, &monitor = *engine.monitor](const std::stop_token& stop) {
    guard_.run("monitor", stop, [&] { monitor.run(stop); });
  });
}

std::vector<config::EndpointConfig> WatchedEngines::endpoints() const {
  std::vector<config::EndpointConfig> all;
  for (const auto& engine : engines_) all.push_back(engine->endpoint);
  return all;
}

}  // namespace tidegauge::app
