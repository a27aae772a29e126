#pragma once

// What clients of the daemon see: the routes, the web server, and its protection, which is read
// again when its files change. Made by Daemon. Its own thread watches the files; all else runs on
// the threads of the server.

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/file_stamps.h"
#include "app/metrics_endpoint.h"
#include "app/status_endpoint.h"
#include "tidegauge/config/config.h"
#include "tidegauge/metrics/instruments.h"
#include "tidegauge/model/error.h"
#include "tidegauge/model/pool_stats.h"
#include "tidegauge/util/log.h"
#include "tidegauge/util/mutex.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/web/server.h"

namespace tidegauge::app {

/// Asks for a reload of the configuration. The function that it takes is called once with the
/// outcome, later and by the main thread.
using RequestReload = std::function<void(std::move_only_function<void(const Result<void>&)>)>;

/// Everything outlives the Serving. The functions are called by several threads at the same time.
struct ServingContext {
  /// What may be shown now, without what is too old.
  std::function<model::Snapshot()> snapshots;
  MetricsEndpoint::MakePage make_page;
  std::function<std::vector<model::PoolStats>()> pools;
  std::function<std::vector<std::pair<std::string, std::vector<model::SlotStats>>>()> pool_slots;
  const status::History& history;
  std::function<SteadyTime::duration()> greatest_age;       ///< of what is shown
  std::function<std::vector<std::string>()> listed_labels;  ///< container_monitor.labels
  std::function<std::optional<std::vector<std::string>>(const model::Container&)> processes;
  LogReader::Read read_log;
  RequestReload reload;  ///< for POST /-/reload
  metrics::Instruments& instruments;
  Logger& logger;
  ThreadGuard& guard;
};

/// The path at which the daemon tells how runs ended.
inline constexpr std::string_view exits_path = "/api/v1/exits";

/// The path of the socket that --healthcheck and --exits ask; empty where there is no directory for
/// it.
[[nodiscard]] std::string private_socket_of(const config::PathConfig& paths);

class Serving {
 public:
  /// Fails where an address or a file of the protection cannot be used; the message has the remedy.
  /// `max_connections` is what the descriptors of the process allow.
  [[nodiscard]] static Result<std::unique_ptr<Serving>> start(const config::Config& config,
                                                              std::size_t max_connections,
                                                              ServingContext context);
  ~Serving();
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  /// The port of each listen address in order, also where the option is 0; 0 for a Unix socket.
  [[nodiscard]] std::vector<std::uint16_t> ports() const { return server_->ports(); }

  /// Takes the options that can change while the server runs. Fails where a file of the protection
  /// cannot be used; then nothing has changed.
  [[nodiscard]] Result<void> reconfigure(const config::WebConfig& web) EXCLUDES(mutex_);
  /// To be called when the options of pages have changed.
  void forget_pages() { metrics_.forget_pages(); }

 private:
  Serving(const config::WebConfig& web, ServingContext context);

  [[nodiscard]] std::vector<web::Route> routes();
  void add_status_routes(std::vector<web::Route>& routes);
  [[nodiscard]] web::ServerHooks hooks() const;
  [[nodiscard]] std::unique_ptr<metrics::Page> make_page(model::Snapshot engines,
                                                         metrics::PageRequest request) const;
  [[nodiscard]] web::Response ready() const;
  void watch_files(const std::stop_token& stop);
  void reload_protection() EXCLUDES(mutex_);
  [[nodiscard]] config::WebConfig options() const EXCLUDES(mutex_);

  const ServingContext context_;
  MetricsEndpoint metrics_;
  StatusEndpoint status_;
  mutable Mutex mutex_;
  config::WebConfig options_ GUARDED_BY(mutex_);
  FileStamps protection_files_ GUARDED_BY(mutex_);
  std::unique_ptr<web::Server> server_;
  std::atomic<const web::Server*> running_ = nullptr;  ///< server_, for its own threads
  std::jthread watcher_;                               // uses the members above: declared last
};

}  // namespace tidegauge::app
