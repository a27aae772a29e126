#pragma once

// The Engine's calls as a facade: each borrows a connection of the endpoint's pool, makes one
// PooledClient call on it, and gives it back. Its callers never see a connection.
//
//   auto containers = clients.container_list("local", stop);
//
// `endpoint` is the name of a configured endpoint everywhere. Thread-safe. Errors are those of the
// pool (see ConnectionPool::get_connection) and of PooledClient.

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

namespace tidegauge::docker {

struct EventQuery {
  std::optional<WallTime> since;  ///< the Engine remembers the last 256
  std::vector<std::string> types{"container"};
  /// Empty: all. Of containers without those of exec, which every health check is.
  std::vector<std::string> actions{};
};

struct LogQuery {
  bool follow = false;                ///< go on until the container ends
  std::optional<std::uint32_t> tail;  ///< only the last lines
};

class ClientManager {
 public:
  /// `pools` and `options` outlive it.
  ClientManager(pool::PoolManager& pools, const std::vector<config::EndpointConfig>& endpoints,
                const config::PoolConfig& options);

  /// A client with a connection of its own, for more than one call in a row.
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
  /// May take long, which says nothing of the container's health: it is never put in quarantine.
  [[nodiscard]] Result<std::uint64_t> container_size(std::string_view endpoint, std::string_view id,
                                                     const std::stop_token& stop = {});

  /// What happens at the Engine from now on, or from `query.since`.
  [[nodiscard]] Result<EventStream> events(std::string_view endpoint, const EventQuery& query = {},
                                           const std::stop_token& stop = {});
  /// What a container writes, by `id` or name.
  [[nodiscard]] Result<LogStream> container_logs(std::string_view endpoint, std::string_view id,
                                                 const LogQuery& query = {},
                                                 const std::stop_token& stop = {});

  /// The API version in use; nothing before the first call.
  [[nodiscard]] std::optional<model::ApiVersion> api_version(std::string_view endpoint) const;

  /// Whether calls are worth trying, as the endpoint's pool has found out.
  [[nodiscard]] pool::EngineHealth health(std::string_view endpoint) const;
  /// See ConnectionPool::wait_for_change.
  [[nodiscard]] pool::EngineHealth wait_for_change(std::string_view endpoint, std::uint64_t seen,
                                                   SteadyTime until,
                                                   const std::stop_token& stop) const;

  /// The calls made so far, by endpoint in the order of the configuration.
  [[nodiscard]] std::vector<model::ClientStats> stats() const;

 private:
  Result<pool::PooledStream> open_stream(std::string_view endpoint, model::Call call,
                                         std::string_view target, std::string_view key,
                                         const std::stop_token& stop);
  [[nodiscard]] EndpointState& state(std::string_view endpoint) const noexcept;

  pool::PoolManager& pools_;
  const config::PoolConfig& options_;
  std::vector<std::pair<std::string, std::unique_ptr<EndpointState>>> endpoints_;
};

}  // namespace tidegauge::docker
