#pragma once

// The Engine's calls. Each call acquires a connection of the endpoint's pool, makes one
// PooledClient call on it, and releases it. Used by the monitors, which never see a connection.
//
//   auto containers = clients.container_list("local", stop);
//
// `endpoint` is always the name of an endpoint that was given and not taken away. Thread-safe.
// Errors are those of the pool (see ConnectionPool::get_connection) and of PooledClient.

#include <cstdint>
#include <memory>
#include <source_location>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/docker/pooled_client.h"
#include "tidegauge/docker/streams.h"
#include "tidegauge/pool/pool_manager.h"
#include "tidegauge/util/guarded.h"

namespace tidegauge::docker {

struct EventQuery {
  std::optional<WallTime> since;  ///< the Engine replays at most its last 256 events
  std::vector<std::string> types{"container"};
  /// Events to ask for; empty: all. Name them to leave out exec events: every health check is one.
  std::vector<std::string> actions{};
};

struct LogQuery {
  bool follow = false;                ///< continue until the container ends
  std::optional<std::uint32_t> tail;  ///< only so many last lines
  std::optional<WallTime> since;      ///< only what was written then or later
  std::optional<WallTime> until;      ///< only what was written then or earlier
};

class ClientManager {
 public:
  /// `pools` must outlive the manager.
  ClientManager(pool::PoolManager& pools, const std::vector<config::EndpointConfig>& endpoints,
                const config::PoolConfig& options);

  /// Makes these the endpoints, each with a pool. Counts of those that stay go on. Nobody uses
  /// those that go any more.
  void set_endpoints(const std::vector<config::EndpointConfig>& endpoints);
  /// Applies other limits to the calls from now on.
  void reconfigure(const config::PoolConfig& options);
  /// How long an inventory takes at most: the most calls that are made one after another, each at
  /// its limits.
  [[nodiscard]] SteadyTime::duration longest_turn() const;

  /// A client that keeps one connection for several calls in a row.
  [[nodiscard]] Result<PooledClient> get_client(
      std::string_view endpoint, const pool::CallTag& tag = {}, const std::stop_token& stop = {},
      std::source_location place = std::source_location::current());

  [[nodiscard]] Result<model::ApiVersion> ping(std::string_view endpoint,
                                               const std::stop_token& stop = {});
  [[nodiscard]] Result<model::EngineVersion> version(std::string_view endpoint,
                                                     const std::stop_token& stop = {});
  [[nodiscard]] Result<model::EngineInfo> info(std::string_view endpoint,
                                               const std::stop_token& stop = {});
  [[nodiscard]] Result<std::vector<model::ContainerSummary>> container_list(
      std::string_view endpoint, const std::stop_token& stop = {});
  [[nodiscard]] Result<model::Container> container_inspect(std::string_view endpoint,
                                                           std::string_view id,
                                                           const std::stop_token& stop = {});
  [[nodiscard]] Result<model::ContainerStats> container_stats(std::string_view endpoint,
                                                              std::string_view id,
                                                              const std::stop_token& stop = {});
  /// May take long, because the Engine walks through all files. A slow call does not put the
  /// container in quarantine.
  [[nodiscard]] Result<std::uint64_t> container_size(std::string_view endpoint, std::string_view id,
                                                     const std::stop_token& stop = {});

  /// The events of the Engine from now on, or from `query.since`.
  [[nodiscard]] Result<EventStream> events(std::string_view endpoint, const EventQuery& query = {},
                                           const std::stop_token& stop = {});
  /// The output of a container. `id`: its id or name.
  [[nodiscard]] Result<LogStream> container_logs(std::string_view endpoint, std::string_view id,
                                                 const LogQuery& query = {},
                                                 const std::stop_token& stop = {});

  /// The agreed API version; nothing before the first call.
  [[nodiscard]] std::optional<model::ApiVersion> api_version(std::string_view endpoint) const;

  /// Whether the endpoint's pool considers the Engine up.
  /// See ConnectionPool::ping_anew.
  [[nodiscard]] Result<void> ping_anew(std::string_view endpoint, Milliseconds limit,
                                       const std::stop_token& stop) const;
  [[nodiscard]] pool::EngineHealth health(std::string_view endpoint) const;
  /// See ConnectionPool::wait_for_change.
  [[nodiscard]] pool::EngineHealth wait_for_change(std::string_view endpoint, std::uint64_t seen,
                                                   SteadyTime until,
                                                   const std::stop_token& stop) const;

  /// The calls made so far, one element per endpoint in the order in which they were given.
  [[nodiscard]] std::vector<model::ClientStats> stats() const;

 private:
  Result<pool::PooledStream> open_stream(std::string_view endpoint, model::Call call,
                                         std::string_view target, std::string_view key,
                                         const std::stop_token& stop);
  [[nodiscard]] EndpointState& state(std::string_view endpoint) const noexcept;
  [[nodiscard]] std::shared_ptr<const config::PoolConfig> options() const;

  using Endpoints = std::vector<std::pair<std::string, std::shared_ptr<EndpointState>>>;

  pool::PoolManager& pools_;
  Guarded<std::shared_ptr<const config::PoolConfig>> options_;
  Guarded<Endpoints> endpoints_;
};

}  // namespace tidegauge::docker
