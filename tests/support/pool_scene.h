#pragma once

// A server and a pool of connections to it. The test itself runs the maintenance.

#include <memory>
#include <string>
#include <utility>

#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/pool/connection_pool.h"

namespace tidegauge::test {

/// Limits that only a failing test reaches.
inline constexpr http::Limits patient{.connect = std::chrono::seconds{10},
                                      .total = std::chrono::seconds{20}};

inline void answer(const Request& /*request*/, Exchange& exchange) {
  exchange.reply(200, {}, "{}");
}

class PoolScene {
 public:
  explicit PoolScene(const config::PoolConfig& options = {}, HttpServer::Handler handler = answer,
                     HttpServerLimits limits = {})
      : path_(directory_.file("docker.sock")),
        server_(path_, std::move(handler), limits),
        pool_("local", {.path = path_}, options, http::make_curl_transport({.path = path_}),
              log_.logger()) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  pool::ConnectionPool& pool() { return pool_; }
  HttpServer& server() { return server_; }
  LogCapture& log() { return log_; }

  /// Runs maintenance until no probe is in progress. `later` is added to the time that it is given.
  void maintain(Milliseconds later = {}) {
    do {
      pool::PollSet poll_set;
      pool_.maintain(steady_now() + later, poll_set);
    } while (pool_.stats().connections_connecting > 0);
  }

 private:
  TemporaryDirectory directory_;
  std::string path_;
  LogCapture log_;
  HttpServer server_;
  pool::ConnectionPool pool_;
};

}  // namespace tidegauge::test
