#pragma once

// A pool with the thread that maintains it, alone or with a server for it. What a handler refers to
// outlives the scene.

#include <memory>
#include <string>
#include <utility>

#include "support/eventually.h"
#include "support/http_server.h"
#include "support/log_capture.h"
#include "support/pool_scene.h"
#include "support/temporary_directory.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/pool/pool_manager.h"

namespace tidegauge::test {

/// As quick as a machine that is busy with other tests can still be.
inline config::PoolConfig quick() {
  using namespace std::chrono_literals;
  return {.health_check_interval = 600ms,
          .connect_timeout = 500ms,
          .probe_timeout = 500ms,
          .tuning = {.probe_backoff_initial = 5ms, .probe_backoff_max = 20ms}};
}

class ManagedPool {
 public:
  ManagedPool(const std::string& socket_path, const config::PoolConfig& options)
      : ManagedPool({.name = "local", .address = {.path = socket_path}}, options) {}
  /// The endpoint is called "local".
  ManagedPool(const config::EndpointConfig& endpoint, const config::PoolConfig& options)
      : pools_({endpoint}, options, http::make_curl_transport, log_.logger(), guard_) {}

  pool::ConnectionPool& pool() { return pools_.pool("local"); }
  LogCapture& log() { return log_; }

  [[nodiscard]] bool goes_down() { return becomes(false); }
  [[nodiscard]] bool comes_up() { return becomes(true); }
  [[nodiscard]] bool is_warm() {
    return eventually([&] { return pool().stats().connections_idle >= 1; });
  }

 private:
  bool becomes(bool up) {
    const auto deadline = steady_now() + std::chrono::seconds(10);
    auto health = pool().health();
    while (health.up != up && steady_now() < deadline) {
      health = pool().wait_for_change(health.version, deadline, {});
    }
    return health.up == up;
  }

  LogCapture log_;
  ThreadGuard guard_{log_.logger()};
  pool::PoolManager pools_;
};

class ManagedScene {
 public:
  explicit ManagedScene(const config::PoolConfig& options, HttpServer::Handler handler = answer)
      : path_(directory_.file("docker.sock")),
        server_(path_, std::move(handler)),
        managed_(path_, options) {}

  pool::ConnectionPool& pool() { return managed_.pool(); }
  HttpServer& server() { return server_; }
  LogCapture& log() { return managed_.log(); }

  [[nodiscard]] bool goes_down() { return managed_.goes_down(); }
  [[nodiscard]] bool comes_up() { return managed_.comes_up(); }
  [[nodiscard]] bool is_warm() { return managed_.is_warm(); }

  /// As when the Engine is killed: its socket file stays, and nobody listens.
  void kill_engine() {
    server_.stop_listening(SocketFile::left);
    server_.disconnect_all();
  }

 private:
  TemporaryDirectory directory_;
  std::string path_;
  HttpServer server_;
  ManagedPool managed_;
};

}  // namespace tidegauge::test
