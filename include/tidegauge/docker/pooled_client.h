#pragma once

// The Engine's calls over one acquired connection. The destructor releases the connection to its
// pool. Used by ClientManager. All calls only read, and a call may be sent twice: once more on a
// new socket where an idle socket turns out to be dead. The limits of a call (time, size of the
// body) follow from the configuration, see limits_of in src/docker/calls.h. Move-only; used by one
// thread at a time.
//
// The message of an error begins with the call: "GET /v1.41/containers/web/json: no answer within 5
// s". Errc::not_found: the container is gone. client_error and server_error carry the Engine's own
// message. bad_reply: the answer is not a reply to this call.

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/config/config.h"
#include "tidegauge/docker/endpoint_state.h"
#include "tidegauge/model/container.h"
#include "tidegauge/model/container_stats.h"
#include "tidegauge/model/engine_info.h"
#include "tidegauge/model/error.h"
#include "tidegauge/pool/pooled_connection.h"

namespace tidegauge::docker {

/// The range of API versions that this program speaks.
inline constexpr model::ApiVersion oldest_api_version{1, 24};
inline constexpr model::ApiVersion newest_api_version{1, 55};

class PooledClient {
 public:
  /// `endpoint` must outlive the client.
  PooledClient(pool::PooledConnection connection, std::shared_ptr<const config::PoolConfig> limits,
               EndpointState& endpoint, std::stop_token stop = {});

  /// HEAD /_ping, or GET where HEAD is refused. Returns the newest API version that both sides
  /// speak; later calls use it.
  [[nodiscard]] Result<model::ApiVersion> ping();
  [[nodiscard]] Result<model::EngineVersion> version();
  [[nodiscard]] Result<model::EngineInfo> info();
  /// All containers, in any state.
  [[nodiscard]] Result<std::vector<model::ContainerSummary>> container_list();
  [[nodiscard]] Result<model::Container> container_inspect(std::string_view id);
  /// One sample of now ("one-shot" from API 1.41 on).
  [[nodiscard]] Result<model::ContainerStats> container_stats(std::string_view id);
  /// The size of the writable layer in bytes. Slow: the Engine walks through all files.
  [[nodiscard]] Result<std::uint64_t> container_size(std::string_view id);

 private:
  template <class T>
  Result<T> ask(model::Call call, std::string_view target, Result<T> (*parse)(std::string_view));
  /// `read` converts the whole response to the value.
  template <class T, class Read>
  Result<T> ask(model::Call call, std::string_view target, const Read& read);
  Result<http::Response> get(model::Call call, std::string_view target);
  [[nodiscard]] Result<model::ApiVersion> offered_version();
  Result<http::Response> perform(model::Call call, http::Request request);
  Result<model::ApiVersion> agreed_version();
  /// Records an answer that came in time but cannot be used.
  std::unexpected<Error> reject(model::Call call, Error error);

  pool::PooledConnection connection_;
  std::shared_ptr<const config::PoolConfig> limits_;
  EndpointState* endpoint_;
  std::stop_token stop_;
};

}  // namespace tidegauge::docker
