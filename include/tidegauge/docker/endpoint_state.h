#pragma once

// The state that all clients of one endpoint share: the API version agreed with its Engine, and the
// counts of calls. Thread-safe. ClientManager owns it; it outlives every PooledClient.

#include <optional>
#include <string>

#include "tidegauge/model/call_stats.h"
#include "tidegauge/model/engine_info.h"
#include "tidegauge/model/error.h"
#include "tidegauge/util/guarded.h"

namespace tidegauge::docker {

class EndpointState {
 public:
  explicit EndpointState(std::string endpoint);

  /// Nothing until it has been negotiated.
  [[nodiscard]] std::optional<model::ApiVersion> api_version() const;
  void set_api_version(std::optional<model::ApiVersion> version);

  void count_request(model::Call call, double seconds);
  void count_failure(model::Call call, Errc reason);
  [[nodiscard]] model::ClientStats stats() const;

 private:
  Guarded<std::optional<model::ApiVersion>> api_version_;
  Guarded<model::ClientStats> stats_;
};

}  // namespace tidegauge::docker
