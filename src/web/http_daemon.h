#pragma once

// Speaks HTTP on connections that are given to it, by libmicrohttpd: one thread that polls all of
// them. Reads request heads, lets the Site answer, sends the answers. Made by Server.
//
// libmicrohttpd polls with poll(2): with epoll, 0.9.75 misses that a client has gone whose last
// bytes came with the end of its stream, and up to 1.0.2 it may skip connections that are ready
// while others are suspended.

#include <sys/socket.h>

#include <memory>
#include <optional>

#include "tidegauge/config/web_protection.h"
#include "tidegauge/model/error.h"
#include "tidegauge/util/unique_fd.h"
#include "tidegauge/web/server.h"
#include "web/access_control.h"
#include "web/connection_table.h"
#include "web/site.h"

namespace tidegauge::web {

/// Outlives the daemon.
struct HttpDaemonContext {
  const Site& site;
  const AccessControl& access;
  ConnectionTable& connections;
  const ServerHooks& hooks;
};

class HttpDaemon {
 public:
  /// `tls`: absent for plain HTTP. Errc::invalid_config names the file of it that cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<HttpDaemon>> start(
      const HttpDaemonContext& context, const std::optional<config::WebTls>& tls = {});
  /// Closes all connections, even in the middle of an answer; requests whose response is to come
  /// later get status 503.
  ~HttpDaemon();
  HttpDaemon(const HttpDaemon&) = delete;
  HttpDaemon& operator=(const HttpDaemon&) = delete;

  /// Serves a connection that is in the table already. Where this fails, it is closed and withdrawn
  /// from the table. Thread-safe.
  void serve(UniqueFd socket, const sockaddr_storage& address, socklen_t length);

 private:
  struct Impl;
  struct Callbacks;
  explicit HttpDaemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::web
