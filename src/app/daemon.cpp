#include "app/daemon.h"

#include <exception>
#include <string>
#include <tuple>
#include <utility>

#include "tidegauge/cgroup/process_names.h"

namespace tidegauge::app {
namespace {

std::vector<std::string> names_of(const std::vector<config::EndpointConfig>& endpoints) {
  std::vector<std::string> names;
  for (const auto& endpoint : endpoints) names.push_back(endpoint.name);
  return names;
}

metrics::PageSize size_limit(const config::Config& config) {
  return {.series = config.metrics.max_series, .bytes = config.metrics.max_page_bytes};
}

std::unique_ptr<StateKeeper> state_keeper(const config::Config& config, Logger& logger,
                                          ThreadGuard& guard) {
  const auto& directory = config.container_monitor.state_directory;
  if (directory.empty()) return nullptr;
  return std::make_unique<StateKeeper>(directory, logger, guard);
}

}  // namespace

Daemon::Daemon(const config::Config& config, const DescriptorPlan& descriptors, Logger& logger,
               const DaemonHooks& hooks)
    : config_(std::make_shared<const config::Config>(config)),
      descriptors_(descriptors),
      logger_(logger),
      guard_(logger),
      instruments_(
          logger, guard_,
          {.process = config.metrics.process, .many_engines = config.endpoints.size() > 1}),
      series_limit_(size_limit(config), logger),
      state_(state_keeper(config, logger, guard_)),
      engines_(config, descriptors, logger, guard_,
               {.on_cycle = [this](const auto& report) { instruments_.record_cycle(report); },
                .on_publish =
                    [this, on_publish = hooks.on_publish](const model::Snapshot& engines) {
                      history_.record(engines);
                      if (on_publish) on_publish(engines);
                    },
                .restore =
                    [this](const std::string& endpoint) {
                      return state_ ? state_->restore(endpoint) : nullptr;
                    },
                .heartbeats = hooks.heartbeats}),
      request_reload_(hooks.request_reload) {
  history_.set_enabled(config.web.status_page);
}

Daemon::~Daemon() {
  engines_.stop();  // first: the page is served until the end
  if (state_) state_->stop();
  serving_.reset();
}

Result<void> Daemon::start() {
  const auto current = config();
  auto serving = Serving::start(
      *current, descriptors_.clients,
      {.snapshots = [this] { return fresh_snapshots(); },
       .make_page =
           [this](model::Snapshot engines, metrics::PageRequest request) {
             return page(std::move(engines), std::move(request));
           },
       .pools = [this] { return engines_.pools(); },
       .pool_slots = [this] { return engines_.slots(); },
       .history = history_,
       .greatest_age = [this] { return config::greatest_age(config()->container_monitor); },
       .listed_labels = [this] { return config()->container_monitor.labels; },
       .processes = [this](const model::Container& container) { return processes_of(container); },
       .read_log = [this](const LogReader::Log& log,
                          const std::stop_token& stop) { return engines_.read_log(log, stop); },
       .reload = request_reload_,
       .instruments = instruments_,
       .logger = logger_,
       .guard = guard_});
  if (!serving) return fail(serving.error());
  serving_ = std::move(*serving);
  engines_.start();
  if (state_) state_->start([this] { return engines_.snapshots(); });
  logger_.info("tidegauge has started", {{"version", TIDEGAUGE_VERSION},
                                         {"listen_address", current->web.listen_addresses.front()},
                                         {"port", serving_->ports().front()},
                                         {"endpoints", current->endpoints.size()}});
  return {};
}

bool Daemon::run_once() {
  return engines_.run_once();
}

std::unique_ptr<metrics::Page> Daemon::page_of_cycle() {
  return page(engines_.snapshots(), {});
}

// --- reload -------------------------------------------------------------------------------------

Result<void> Daemon::apply(const config::Config& next, const DescriptorPlan& descriptors) {
  const auto before = config();
  const auto descriptors_before = descriptors_;
  if (auto served = serving_->reconfigure(next.web); !served) return served;
  try {
    apply_all(std::make_shared<const config::Config>(next), descriptors);
    return {};
  } catch (const std::exception& error) {
    const Error reason{Errc::system, "what is new cannot be made: " + std::string(error.what())};
    restore(before, descriptors_before);
    return fail(reason);
  }
}

/// Makes nothing, unless an Engine was removed for another address.
void Daemon::restore(const std::shared_ptr<const config::Config>& before,
                     const DescriptorPlan& descriptors) {
  std::ignore = serving_->reconfigure(before->web);  // its files were good when it was applied
  try {
    apply_all(before, descriptors);
  } catch (const std::exception& error) {
    logger_.error("an Engine is not watched any more: reload the configuration, or restart",
                  {{"reason", error.what()}});
  }
}

/// Monitors come before pages: a page of the new configuration must not find snapshots that are too
/// old for it.
void Daemon::apply_all(const std::shared_ptr<const config::Config>& next,
                       const DescriptorPlan& descriptors) {
  logger_.set_level(next->log.level);
  logger_.set_format(next->log.format);
  engines_.remove_others(*next);
  instruments_.reconfigure(
      next->metrics.process ? metrics::ProcessMetrics::shown : metrics::ProcessMetrics::absent,
      names_of(next->endpoints));
  engines_.apply(*next, descriptors);
  series_limit_.set_max(size_limit(*next));
  descriptors_ = descriptors;
  config_.with([&](auto& current) { current = next; });
  history_.set_enabled(next->web.status_page);
  serving_->forget_pages();
}

// --- pages --------------------------------------------------------------------------------------

std::optional<std::vector<std::string>> Daemon::processes_of(
    const model::Container& container) const {
  constexpr std::size_t most_processes = 200;
  if (!container.pid) return std::nullopt;
  const auto current = config();
  return cgroup::process_names({.procfs = current->path.procfs, .sysfs = current->path.sysfs},
                               *container.pid, container.id, most_processes);
}

model::Snapshot Daemon::fresh_snapshots() const {
  return model::without_stale(engines_.snapshots(), steady_now(),
                              config::greatest_age(config()->container_monitor));
}

std::unique_ptr<metrics::Page> Daemon::page(model::Snapshot engines, metrics::PageRequest request) {
  const auto current = config();
  return std::make_unique<metrics::Page>(
      metrics::PageInput{
          .engines = std::move(engines), .pools = engines_.pools(), .clients = engines_.clients()},
      metrics::PageOptions{.container_labels = current->container_monitor.labels,
                           .labels = current->metrics.labels,
                           .disable = current->metrics.disable,
                           .max_label_length = current->metrics.max_label_length},
      instruments_, series_limit_, std::move(request));
}

}  // namespace tidegauge::app
