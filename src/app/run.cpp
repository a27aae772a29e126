#include "tidegauge/app/run.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "app/command_line.h"
#include "app/daemon.h"
#include "app/descriptor_plan.h"
#include "app/exits_command.h"
#include "app/healthcheck.h"
#include "app/reload.h"
#include "app/reload_requests.h"
#include "app/service_notifier.h"
#include "app/signal_thread.h"
#include "app/standard_streams.h"
#include "tidegauge/config/loader.h"
#include "tidegauge/config/web_config_file.h"
#include "tidegauge/util/heartbeats.h"
#include "tidegauge/web/server.h"

namespace tidegauge::app {
namespace {

constexpr int success = 0;
constexpr int failure = 1;
constexpr int mistake = 2;
constexpr const char* default_config_file = "/etc/tidegauge/config.yaml";

std::string config_file_of(const CommandLine& line) {
  if (!line.config_file.empty()) return line.config_file;
  const char* const named = std::getenv("TIDEGAUGE_CONFIG");
  if (named != nullptr && *named != '\0') return named;
  return ::access(default_config_file, F_OK) == 0 ? default_config_file : "";
}

config::Sources sources_of(const CommandLine& line) {
  config::Sources sources{.file = config_file_of(line), .overrides = line.overrides};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    sources.environment.emplace_back(*variable);
  }
  const char* const runtime_directory = std::getenv("XDG_RUNTIME_DIR");
  sources.found_socket =
      config::find_engine_socket(runtime_directory != nullptr ? runtime_directory : "");
  return sources;
}

void log_engines(const config::Loaded& loaded, Logger& logger) {
  for (const auto& endpoint : loaded.config.endpoints) {
    logger.info("watching an Engine", {{"endpoint", endpoint.name},
                                       {"address", model::to_string(endpoint.address)},
                                       {"address_from", loaded.addresses_from}});
  }
}

/// Of what a scrape takes for a few milliseconds glibc keeps some in an arena of each thread that
/// ever allocated: two arenas are enough for threads that mostly wait.
void keep_little_memory() {
  constexpr int most_arenas = 2;
  mallopt(M_ARENA_MAX, most_arenas);
}

/// As many as the process may have: a container's files are some twenty, kept open. The limit is
/// low for the sake of programs that select(2), which nothing here does.
std::size_t allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const auto before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

void warn_of_few_clients(const DescriptorPlan& plan, const config::Config& config, Logger& logger) {
  if (plan.clients == config.web.max_connections) return;
  logger.warn("fewer clients are served at the same time than web.max_connections allows",
              {{"clients", plan.clients},
               {"reason", "too few descriptors"},
               {"remedy", "raise the limit (ulimit -n, LimitNOFILE= of systemd)"}});
}

int failed(const Error& error) {
  std::cerr << "tidegauge: " << error.message << '\n';
  return failure;
}

int mistaken(const Error& error) {
  std::cerr << "tidegauge: " << error.message << '\n';
  return mistake;
}

/// The files of the web server's protection are part of the configuration.
Result<void> check_protection(const config::Config& config) {
  const auto protection = config::load_web_protection(config.web);
  if (!protection) return fail(protection.error());
  return web::Server::check(*protection);
}

int print(std::string_view text) {
  const auto written = write_output(text);
  return written ? success : failed(written.error());
}

/// For a reload: a file that was read once must be there, and one that was not may have come since.
/// The Engine is where it was found: its socket may be missing just now.
config::Sources sources_again(const CommandLine& line, const config::Sources& first) {
  auto sources = sources_of(line);
  if (!first.file.empty()) sources.file = first.file;
  if (!first.found_socket.empty()) sources.found_socket = first.found_socket;
  return sources;
}

/// Three beats within the limit of the service manager, so that one or two may come late.
std::unique_ptr<Heartbeats> watchdog_of(ServiceNotifier& service) {
  constexpr int beats = 3;
  const auto limit = watchdog_limit(std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID"));
  if (!limit) return nullptr;
  return std::make_unique<Heartbeats>(*limit / beats, [&service] { service.all_loops_turn(); });
}

/// Reloads when asked to, until the daemon is to stop.
void reload_until_stop(ReloadRequests& requests, Reloader& reloader, ServiceNotifier& service) {
  while (requests.wait() == ReloadRequests::Next::reload) {
    service.reloading();
    const auto outcome = reloader.reload();
    service.reloaded(outcome);
    requests.finished(outcome);
  }
  service.stopping();
}

int run_daemon(const CommandLine& line, const config::Sources& sources,
               const config::Loaded& loaded, Logger& logger) {
  if (const auto checked = check_protection(loaded.config); !checked) {
    return mistaken(checked.error());
  }
  keep_little_memory();
  const auto limit = allow_many_descriptors();
  const auto descriptors = plan_descriptors(loaded.config, limit);
  if (!descriptors) return failed(descriptors.error());
  warn_of_few_clients(*descriptors, loaded.config, logger);
  ReloadRequests requests;
  const SignalThread signals(logger, requests);
  ServiceNotifier service(NotifySocket(std::getenv("NOTIFY_SOCKET")), logger);
  const auto heartbeats = watchdog_of(service);
  Daemon daemon(
      loaded.config, *descriptors, logger,
      {.request_reload =
           [&requests](ReloadRequests::Done done) { requests.request(std::move(done)); },
       .on_publish = [&service](const model::Snapshot& engines) { service.published(engines); },
       .heartbeats = heartbeats.get()});
  if (const auto started = daemon.start(); !started) return failed(started.error());
  log_engines(loaded, logger);
  Reloader reloader([&] { return sources_again(line, sources); }, limit, daemon, logger);
  reload_until_stop(requests, reloader, service);
  return success;
}

int run_once(const config::Config& config, Logger& logger) {
  const auto descriptors = plan_descriptors(config, allow_many_descriptors());
  if (!descriptors) return failed(descriptors.error());
  auto without_state = config;
  without_state.container_monitor.state_directory.clear();  // it belongs to the daemon that runs
  Daemon daemon(without_state, *descriptors, logger);
  const bool up = daemon.run_once();
  const auto page = daemon.page_of_cycle();
  for (auto piece = page->next(); !piece.empty(); piece = page->next()) {
    if (const auto written = write_output(piece); !written) return failed(written.error());
  }
  return up ? success : failure;
}

int run_healthcheck(const config::Config& config) {
  const auto healthy = check_health(config);
  return healthy ? success : failed(healthy.error());
}

int run_exits(const config::Config& config, const std::string& container) {
  const auto report = report_exits(config, container);
  return report ? print(*report) : failed(report.error());
}

int act(const CommandLine& line) {
  const auto sources = sources_of(line);
  const auto loaded = config::load(sources);
  if (!loaded) {
    std::cerr << config::to_string(loaded.error());
    return mistake;
  }
  const auto& config = loaded->config;
  Logger logger(config.log.level, config.log.format);
  for (const auto& warning : loaded->warnings) logger.warn(warning);
  switch (line.action) {
    case Action::check_config: {
      const auto checked = check_protection(config);
      return checked ? print("the configuration is valid\n") : mistaken(checked.error());
    }
    case Action::print_config:
      return print(config::print_config(config, loaded->addresses_from));
    case Action::healthcheck:
      return run_healthcheck(config);
    case Action::exits:
      return run_exits(config, line.container);
    case Action::once:
      return run_once(config, logger);
    default:
      return run_daemon(line, sources, *loaded, logger);
  }
}

}  // namespace

int run(std::span<const char* const> arguments) {
  if (const auto opened = open_missing_streams(); !opened) return failed(opened.error());
  const auto line = parse_command_line(arguments);
  if (!line) {
    std::cerr << "tidegauge: " << line.error().message << '\n';
    return mistake;
  }
  if (line->action == Action::help) return print(usage());
  if (line->action == Action::version) return print("tidegauge " TIDEGAUGE_VERSION "\n");
  try {
    return act(*line);
  } catch (const std::exception& error) {
    std::cerr << "tidegauge: cannot run: " << error.what()
              << "; the limits of memory, threads or descriptors are too low\n";
    return failure;
  }
}

}  // namespace tidegauge::app
