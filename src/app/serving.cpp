#include "app/serving.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

#include "app/debug_page.h"
#include "app/exits_endpoint.h"
#include "tidegauge/config/web_config_file.h"
#include "tidegauge/util/retry.h"
#include "tidegauge/web/assets.h"

namespace tidegauge::app {

using namespace std::chrono_literals;

namespace {

/// Files are looked at so often: soon enough for a certificate, rarely enough to cost nothing.
constexpr auto file_check_interval = 2s;

constexpr std::string_view healthy_path = "/-/healthy";
constexpr std::string_view ready_path = "/-/ready";

constexpr std::string_view landing_page = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>tidegauge</title></head><body>
<h1>tidegauge</h1>
<p>Metrics of Docker containers for Prometheus. Version )" TIDEGAUGE_VERSION R"(.</p>
<ul>
<li><a href="metrics">Metrics</a></li>
<li><a href="api/v1/exits">How the latest runs of containers ended</a></li>
<li><a href="-/healthy">Healthy</a></li>
<li><a href="-/ready">Ready</a></li>
<li><a href="debug/pool">Connections to the Engines</a></li>
</ul>
</body></html>
)";

web::Route fixed(std::string path, std::string type, std::string_view body) {
  return {.path = std::move(path), .handle = [type = std::move(type), body](const web::Request&) {
            return web::Response{.content_type = type, .body = std::string(body)};
          }};
}

web::Response without_status(const web::Request& request) {
  if (request.path == "/") {
    return {.content_type = "text/html; charset=utf-8", .body = std::string(landing_page)};
  }
  return {.status = 404, .body = "web.status_page is off\n"};
}

web::Response response_of(const Result<void>& reload) {
  if (reload) return {.body = "reloaded\n"};
  return {.status = 500, .body = "not reloaded: the log has the reason\n"};
}

}  // namespace

std::string private_socket_of(const config::PathConfig& paths) {
  return paths.runtime.empty() ? "" : paths.runtime + "/health.sock";
}

/// Without it, --healthcheck and --exits ask at the first listen address.
std::string usable_private_socket(const config::PathConfig& paths, Logger& logger) {
  if (paths.runtime.empty()) return {};
  if (::access(paths.runtime.c_str(), W_OK | X_OK) == 0) return private_socket_of(paths);
  logger.warn("no private socket for --healthcheck and --exits",
              {{"path.runtime", paths.runtime},
               {"reason", std::generic_category().message(errno)},
               {"remedy", "make the directory writable, or leave path.runtime empty"}});
  return {};
}

Serving::Serving(const config::WebConfig& web, ServingContext context)
    : context_(std::move(context)),
      metrics_(context_.snapshots,
               [this](model::Snapshot engines, metrics::PageRequest request) {
                 return make_page(std::move(engines), std::move(request));
               }),
      status_({.snapshots = context_.snapshots,
               .pools = context_.pools,
               .slots = context_.pool_slots,
               .greatest_age = context_.greatest_age,
               .listed_labels = context_.listed_labels,
               .processes = context_.processes,
               .read_log = context_.read_log},
              context_.history, context_.guard),
      options_(web),
      protection_files_(config::web_protection_files(web)) {}

Serving::~Serving() {
  watcher_ = {};
  server_.reset();
}

Result<std::unique_ptr<Serving>> Serving::start(const config::Config& config,
                                                std::size_t max_connections,
                                                ServingContext context) {
  const auto& web = config.web;
  std::unique_ptr<Serving> serving(new Serving(web, std::move(context)));
  auto protection = config::load_web_protection(web);
  if (!protection) return fail(protection.error());
  auto server = web::Server::start(
      {.listen_addresses = web.listen_addresses,
       .unix_sockets = {.mode = web.socket_mode, .group = web.socket_group},
       .private_socket = usable_private_socket(config.path, serving->context_.logger),
       .private_paths = {std::string(healthy_path), std::string(ready_path),
                         std::string(exits_path)},
       .protection = *std::move(protection),
       .max_connections = max_connections,
       .max_requests = web.max_requests},
      serving->routes(), serving->hooks(), serving->context_.guard);
  if (!server) return fail(server.error());
  serving->server_ = *std::move(server);
  serving->running_ = serving->server_.get();
  serving->watcher_ = std::jthread([serving = serving.get()](const std::stop_token& stop) {
    serving->context_.guard.run("web files", stop, [&] { serving->watch_files(stop); });
  });
  return serving;
}

Result<void> Serving::reconfigure(const config::WebConfig& web) {
  const FileStamps files(config::web_protection_files(web));  // before they are read
  auto protection = config::load_web_protection(web);
  if (!protection) return fail(protection.error());
  if (auto done = server_->protect(*protection); !done) return fail(done.error());
  const MutexLock lock(mutex_);
  options_ = web;
  protection_files_ = files;
  return {};
}

/// The gauges of the server's load are brought up to date for the page.
std::unique_ptr<metrics::Page> Serving::make_page(model::Snapshot engines,
                                                  metrics::PageRequest request) const {
  if (const auto* const server = running_.load()) {
    const auto load = server->load();
    context_.instruments.record_web_load(load.connections, load.requests);
  }
  context_.instruments.record_history(context_.history.bytes());
  return context_.make_page(std::move(engines), std::move(request));
}

// --- routes -------------------------------------------------------------------------------------

std::vector<web::Route> Serving::routes() {
  std::vector<web::Route> routes{
      {.path = "/metrics",
       .handle =
           [this](const web::Request& request) {
             return metrics_.answer(request, options().compression);
           }},
      fixed(std::string(healthy_path), "text/plain; charset=utf-8", "healthy\n"),
      {.path = std::string(ready_path), .handle = [this](const web::Request&) { return ready(); }},
      {.path = std::string(exits_path),
       .handle =
           [this](const web::Request& request) {
             return answer_exits(request, context_.snapshots());
           }},
      {.path = "/debug/pool",
       .handle =
           [this](const web::Request&) {
             return web::Response{.content_type = "application/json",
                                  .body = debug_page(context_.pool_slots())};
           }},
      {.path = "/-/reload",
       .handle_later =
           [this](const web::Request&, web::Responder respond) {
             if (!options().enable_lifecycle) {
               return respond({.status = 403, .body = "web.enable_lifecycle is off\n"});
             }
             context_.reload([respond = std::move(respond)](const Result<void>& result) mutable {
               respond(response_of(result));
             });
           },
       .is_post = true}};
  add_status_routes(routes);
  for (const auto& asset : web::assets()) {
    routes.push_back({.path = std::string(asset.path), .handle = [&asset](const auto& request) {
                        return web::answer_asset(asset, request);
                      }});
  }
  return routes;
}

/// Without web.status_page, `/` has links alone.
void Serving::add_status_routes(std::vector<web::Route>& routes) {
  using Answer = std::function<web::Response(const web::Request&, const config::WebConfig&)>;
  const auto add = [&](std::string_view path, Answer answer, bool takes_subpaths = false) {
    routes.push_back({.path = std::string(path),
                      .handle =
                          [this, answer = std::move(answer)](const web::Request& request) {
                            const auto web = options();
                            return web.status_page ? answer(request, web) : without_status(request);
                          },
                      .takes_subpaths = takes_subpaths});
  };
  add("/", [this](const auto& request, const auto& web) { return status_.overview(request, web); });
  add("/pool", [this](const auto& request, const auto& web) { return status_.pool(request, web); });
  add(
      containers_path,
      [this](const auto& request, const auto& web) { return status_.container(request, web); },
      true);
  add("/api/v1/engines",
      [this](const auto& request, const auto& web) { return status_.engines_json(request, web); });
  add("/api/v1/containers", [this](const auto& request, const auto& web) {
    return status_.containers_json(request, web);
  });
  add(
      containers_json_path,
      [this](const auto& request, const auto& web) { return status_.container_json(request, web); },
      true);
  add("/api/v1/pool",
      [this](const auto& request, const auto& web) { return status_.pool_json(request, web); });
  routes.push_back({.path = std::string(logs_path),
                    .handle_later =
                        [this](const web::Request& request, web::Responder respond) {
                          const auto web = options();
                          if (!web.status_page) return respond(without_status(request));
                          status_.log(request, web, std::move(respond));
                        },
                    .takes_subpaths = true});
}

web::Response Serving::ready() const {
  for (const auto& engine : context_.snapshots()) {
    if (engine->up) continue;
    return {.status = 503, .body = engine->endpoint + ": " + engine->down_reason + "\n"};
  }
  return {.body = "ready\n"};
}

web::ServerHooks Serving::hooks() const {
  auto& instruments = context_.instruments;
  auto& logger = context_.logger;
  return {.on_request =
              [&instruments, &logger](const web::RequestReport& report) {
                if (logger.writes(LogLevel::debug)) {
                  logger.debug("answered a request", {{"path", report.path},
                                                      {"status", report.status},
                                                      {"encoding", report.encoding},
                                                      {"bytes", report.bytes},
                                                      {"seconds", report.seconds}});
                }
                instruments.record_request({.path = report.path,
                                            .status = report.status,
                                            .seconds = report.seconds,
                                            .encoding = report.encoding,
                                            .bytes = report.bytes});
              },
          .on_closed =
              [&instruments](web::CloseReason reason) {
                instruments.record_closed_connection(to_string(reason));
              },
          .on_authentication_failure =
              [&instruments](web::AuthenticationFailure reason) {
                instruments.record_authentication_failure(to_string(reason));
              },
          .on_rate_limited = [&instruments] { instruments.record_rate_limited_request(); }};
}

config::WebConfig Serving::options() const {
  const MutexLock lock(mutex_);
  return options_;
}

// --- the files of the protection ----------------------------------------------------------------

void Serving::watch_files(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    wait_for(file_check_interval, stop);
    if (!stop.stop_requested()) reload_protection();
  }
}

/// A file that breaks keeps the last good protection. It is logged once, until it changes again.
void Serving::reload_protection() {
  const auto known = [this] {
    const MutexLock lock(mutex_);
    return protection_files_;
  }();
  if (known.are_current()) return;
  const auto web = options();
  const FileStamps files(config::web_protection_files(web));  // before they are read
  const auto done = reconfigure(web);
  context_.instruments.record_web_config(done ? metrics::WebConfigState::current
                                              : metrics::WebConfigState::outdated);
  if (done) {
    context_.logger.info("the protection of the web server has changed");
    return;
  }
  context_.logger.error("the protection of the web server stays as it was",
                        {{"reason", done.error().message}});
  const MutexLock lock(mutex_);
  protection_files_ = files;
}

}  // namespace tidegauge::app
