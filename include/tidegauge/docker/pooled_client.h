#pragma once

// The Engine's calls over one borrowed connection, which goes back to its pool with this object.
// Everything it can do only reads. Move-only; used by one thread at a time.
//
// Errors say what was asked and of whom the trail leads: "GET /v1.41/containers/web/json: no answer
// within 5 s". Errc::not_found: the container has gone; client_error and server_error carry the
// Engine's own message; bad_reply: an answer that is not what the call promises.

#include <cstdint>
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

/// The versions of the Engine's API that this program speaks.
inline constexpr model::ApiVersion oldest_api_version{1, 24};
inline constexpr model::ApiVersion newest_api_version{1, 55};

class PooledClient {
 public:
  /// `limits` and `endpoint` outlive it.
  PooledClient(pool::PooledConnection connection, const config::PoolConfig& limits,
               EndpointState& endpoint, std::stop_token stop = {});

  /// HEAD /_ping, or GET where HEAD is refused: the newest API version that both sides speak, which
  /// later calls then use.
  [[nodiscard]] Result<model::ApiVersion> ping();
  [[nodiscard]] Result<model::EngineVersion> version();
  [[nodiscard]] Result<model::EngineInfo> info();
  /// All of them, whatever their state.
  [[nodiscard]] Result<std::vector<model::ContainerSummary>> container_list();
  [[nodiscard]] Result<model::Container> container_inspect(std::string_view id);
  /// One sample, taken now (one-shot, from API 1.41 on).
  [[nodiscard]] Result<model::ContainerStats> container_stats(std::string_view id);
  /// The bytes of its writable layer. The Engine walks through all its files.
  [[nodiscard]] Result<std::uint64_t> container_size(std::string_view id);

 private:
  template <class T>
  Result<T> ask(model::Call call, std::string_view target, Result<T> (*parse)(std::string_view));
  /// `read` makes the value of the whole response.
  template <class T, class Read>
  Result<T> ask(model::Call call, std::string_view target, const Read& read);
  Result<http::Response> get(model::Call call, std::string_view target);
  [[nodiscard]] Result<model::ApiVersion> offered_version();
  Result<http::Response> perform(model::Call call, http::Request request);
  Result<model::ApiVersion> agreed_version();
  /// An answer that came in time and is of no use.
  std::unexpected<Error> reject(model::Call call, Error error);

  pool::PooledConnection connection_;
  const config::PoolConfig* limits_;
  EndpointState* endpoint_;
  std::stop_token stop_;
};

}  // namespace tidegauge::docker
