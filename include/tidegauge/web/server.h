#pragma once

// The daemon's HTTP server: a table of routes on libmicrohttpd. Made by `app`, which gives the
// handlers. The server itself answers what is no valid request (400), an unknown path (404) and a
// method that the path does not take (405). A handler that throws becomes status 500; only the log
// has the reason. Objects that handlers and hooks refer to must outlive the server.
//
// No client holds up another: see src/web/connection_table.h for who has to go, and when.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/config/web_protection.h"
#include "tidegauge/model/error.h"
#include "tidegauge/util/thread_guard.h"
#include "tidegauge/web/messages.h"

namespace tidegauge::web {

/// The access to a Unix socket that the server makes.
struct UnixSocketOptions {
  std::uint32_t mode = 0660;
  std::string group = {};  ///< a name or a number; empty: this process's
};

struct ServerOptions {
  /// "127.0.0.1:9717"; "[::]:9717" or ":9717" for all IPv4 and IPv6 addresses; port 0 for any free
  /// port; "unix:///path/to/socket"; "systemd" for the sockets that systemd passes.
  std::vector<std::string> listen_addresses;
  UnixSocketOptions unix_sockets = {};
  /// The path of a Unix socket, mode 0600, that serves `private_paths` alone, and to anybody who
  /// can open it. Empty: none.
  std::string private_socket = {};
  std::vector<std::string> private_paths = {};
  config::WebProtection protection = {};
  std::size_t max_connections = 256;  ///< beyond, a new client takes the place of another one
  std::size_t max_requests = 20;      ///< answers in pieces at the same time; beyond: status 503
};

/// Why the server has closed a connection.
enum class CloseReason : std::uint8_t { evicted, head_timeout, idle_timeout, slow_reader };
[[nodiscard]] std::string_view to_string(CloseReason reason) noexcept;

/// Why a client that must show who it is gets no answer.
enum class AuthenticationFailure : std::uint8_t {
  no_credentials,
  wrong_credentials,
  busy  ///< not checked, as too many others wait to be checked
};
[[nodiscard]] std::string_view to_string(AuthenticationFailure reason) noexcept;

/// A request that is answered, or whose client has gone.
struct RequestReport {
  std::string_view path;  ///< of the route, also for a path below it; "other" where there is none
  std::uint32_t status = 0;
  double seconds = 0;         ///< from the request line to the end of the answer
  std::string_view encoding;  ///< of the answer: "identity", "gzip", "zstd"
  std::uint64_t bytes = 0;    ///< of the answer's body
};

/// What the server reports. Called on its threads, also by several at the same time: quick, and
/// without exceptions. All are set.
struct ServerHooks {
  std::function<void(const RequestReport&)> on_request = [](const auto&) {};
  std::function<void(CloseReason)> on_closed = [](auto) {};
  std::function<void(AuthenticationFailure)> on_authentication_failure = [](auto) {};
  std::function<void()> on_rate_limited = [] {};
};

struct ServerLoad {
  std::size_t connections = 0;
  std::size_t requests = 0;  ///< answers in pieces that are not yet read completely
};

/// Serves from `start` until its destructor, which waits for running handlers but not for clients:
/// it closes all connections, even in the middle of an answer.
class Server {
 public:
  /// Fails where a port is in use, where an address does not belong to this machine, and where it
  /// is malformed. The message names the address and the remedy. `guard` records exceptions of
  /// handlers as those of the thread "web", and must outlive the server.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const ServerOptions& options,
                                                             std::vector<Route> routes,
                                                             ServerHooks hooks, ThreadGuard& guard);
  /// Whether a server can be protected like this: that its certificate, key and CA are of use. The
  /// message names the file.
  [[nodiscard]] static Result<void> check(const config::WebProtection& protection);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// From now on this protection holds. Certificates are for new connections; those that exist
  /// have ten seconds more. Where it fails, nothing has changed, and the message names the file.
  /// Thread-safe.
  [[nodiscard]] Result<void> protect(const config::WebProtection& protection);

  /// The port of each listen address in order, also where the option is 0; 0 for a Unix socket.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;
  /// Thread-safe.
  [[nodiscard]] ServerLoad load() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::web
