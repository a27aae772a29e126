#pragma once

// The daemon's HTTP server: a table of routes on libmicrohttpd. Made by `app`. Handlers run one
// after the other on the server's thread, must be quick, and must never wait for an Engine. The
// server itself answers anything but GET and HEAD of a known path (404, 405). A handler that throws
// becomes status 500; only the log has the reason. Objects that handlers refer to must outlive the
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
  /// Replaces `body` for an answer that is too large to be in memory as a whole. The server calls
  /// it for the next piece when the client has taken the last one, until a piece is empty; for HEAD
  /// it calls it for all pieces at once. A piece is valid until the next call. Called on the
  /// server's thread, like a handler; where it throws, the connection is closed.
  std::move_only_function<std::string_view()> next_piece = {};
};

struct Route {
  std::string path;  ///< the whole path, without the query
  std::function<Response(const Request&)> handle;
};

struct ServerOptions {
  /// "127.0.0.1:9717"; "[::]:9717" or ":9717" for all IPv4 and IPv6 addresses; port 0 for any free
  /// port; "unix:///path/to/socket".
  std::string listen_address;
  std::uint32_t max_connections = 64;  ///< further connections wait until one is closed
};

/// Serves from `start` until its destructor, which waits for a running handler but not for clients:
/// it closes all connections, even in the middle of an answer.
class Server {
 public:
  /// Fails where the port is in use, where the address does not belong to this machine, and where
  /// it is malformed. The message names the address and the remedy. `guard` records exceptions of
  /// handlers as those of the thread "web", and must outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const ServerOptions& options,
                                                             std::vector<Route> routes,
                                                             ThreadGuard& guard);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The port, also where the option is 0; 0 for a Unix socket.
  [[nodiscard]] std::uint16_t port() const noexcept;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::web
