#pragma once

// The way of the daemon's calls to one Engine, at default options.

#include <cstdlib>
#include <string>
#include <vector>

#include "tidegauge/docker/client_manager.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/pool/pool_manager.h"

namespace tidegauge::bench {

class EngineClients {
 public:
  static constexpr const char* name = "bench";  ///< of the endpoint

  /// Ends the program where the Engine does not answer.
  explicit EngineClients(const std::string& socket)
      : endpoints_{{.name = name, .address = {.path = socket}}} {
    if (!clients_.version(name)) std::abort();
  }

  docker::ClientManager& clients() { return clients_; }
  /// What stands before the path of a call: "http://localhost/v1.41".
  [[nodiscard]] std::string base_url() {
    return "http://localhost/v" + to_string(*clients_.api_version(name));
  }

 private:
  Logger logger_{LogLevel::error};
  std::vector<config::EndpointConfig> endpoints_;
  config::PoolConfig options_;
  ThreadGuard guard_{logger_};
  pool::PoolManager pools_{endpoints_, options_, http::make_curl_transport, logger_, guard_};
  docker::ClientManager clients_{pools_, endpoints_, options_};
};

}  // namespace tidegauge::bench
