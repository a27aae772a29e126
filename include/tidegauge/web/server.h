#pragma once

// The daemon's HTTP server: a table of routes on libmicrohttpd, which only this layer knows.
// Handlers run one after the other on the server's thread, must be quick, and must never wait for
// an Engine. Everything but GET and HEAD of a known path is answered here (404, 405); a handler
// that throws is a 500, whose reason is for the log alone. What handlers refer to must outlive the
// server.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/model/error.h"
#include "tidegauge/util/thread_guard.h"

namespace tidegauge::web {

struct Request {
  std::string_view path;
  std::string_view accept;           ///< the header, empty when absent
  std::string_view accept_encoding;  ///< the header, empty when absent
};

struct Response {
  std::uint32_t status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  /// In place of a body too large to stand in memory: asked for its next piece whenever the client
  /// has taken the last one, until one is empty; for HEAD all are asked for at once. A piece is
  /// good until the next is asked for. Runs as a handler does; when it throws, the answer is cut.
  std::move_only_function<std::string_view()> next_piece = {};
};

struct Route {
  std::string path;  ///< matched whole; the query is not part of it
  std::function<Response(const Request&)> handle;
};

struct ServerOptions {
  /// "127.0.0.1:9717"; "[::]:9717" or ":9717" for all addresses, IPv4 and IPv6; port 0 for any free
  /// one; "unix:///path/to/socket".
  std::string listen_address;
  std::uint32_t max_connections = 64;  ///< further ones wait until one is closed
};

/// Serves from `start` until it is destroyed, which waits for a handler that runs, but for no
/// client: connections are closed, an answer on its way to a slow one is cut.
class Server {
 public:
  /// A port in use, an address that is not this machine's, or a malformed one is an error whose
  /// message names the address and the remedy.
  /// `guard`, which outlives the server, has what handlers throw, as the thread "web".
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const ServerOptions& options,
                                                             std::vector<Route> routes,
                                                             ThreadGuard& guard);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The port it listens on, the chosen one where the option said 0. 0 for a Unix socket.
  [[nodiscard]] std::uint16_t port() const noexcept;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::web
