#include "tidegauge/web/server.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

#include "tidegauge/util/guarded.h"
#include "web/acceptor.h"
#include "web/connection_table.h"
#include "web/http_daemon.h"
#include "web/listen_socket.h"
#include "web/site.h"
#include "web/socket_activity.h"
#include "web/tls_settings.h"

namespace tidegauge::web {

using namespace std::chrono_literals;

namespace {

/// How long connections go on with certificates that are replaced.
constexpr auto retirement = 10s;

struct Listening {
  std::vector<Listener> listeners;
  std::vector<std::uint16_t> ports;
  std::vector<std::string> unix_paths;
};

Result<void> listen(Listening& listening, const std::string& address,
                    const UnixSocketOptions& unix_options, bool is_private) {
  auto sockets = open_listen_sockets(address, unix_options);
  if (!sockets) return fail(sockets.error());
  for (auto& socket : *sockets) {
    if (!is_private) listening.ports.push_back(socket.port);
    if (!socket.unix_path.empty()) listening.unix_paths.push_back(std::move(socket.unix_path));
    listening.listeners.push_back({.socket = std::move(socket.fd), .is_private = is_private});
  }
  return {};
}

}  // namespace

std::string_view to_string(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::evicted:
      return "evicted";
    case CloseReason::head_timeout:
      return "head_timeout";
    case CloseReason::idle_timeout:
      return "idle_timeout";
    case CloseReason::slow_reader:
      return "slow_reader";
  }
  return "unknown";
}

std::string_view to_string(AuthenticationFailure reason) noexcept {
  switch (reason) {
    case AuthenticationFailure::no_credentials:
      return "no_credentials";
    case AuthenticationFailure::wrong_credentials:
      return "wrong_credentials";
    case AuthenticationFailure::busy:
      return "busy";
  }
  return "unknown";
}

/// One HttpDaemon speaks plain HTTP: to all clients, or, where TLS is on, to those of the health
/// socket. Another one speaks TLS. New certificates make a new one of these; the old one goes on
/// with the connections that it has, for a while.
struct Server::Impl {
  struct Retired {
    std::shared_ptr<HttpDaemon> daemon;
    SteadyTime until;
  };
  struct Daemons {
    std::shared_ptr<HttpDaemon> tls;  ///< null without TLS
    std::optional<config::WebTls> settings;
    std::vector<Retired> retired;
  };

  Impl(const ServerOptions& options, std::vector<Route> routes, ServerHooks server_hooks,
       ThreadGuard& guard)
      : hooks(std::move(server_hooks)),
        access(options.protection, hooks, guard),
        site(std::move(routes), options.private_paths, access, guard),
        connections(
            {.max_connections = options.max_connections, .max_answers = options.max_requests},
            kernel_activity(), hooks.on_closed) {}
  ~Impl();

  Result<std::shared_ptr<HttpDaemon>> make_daemon(const std::optional<config::WebTls>& tls);
  Result<void> protect(const config::WebProtection& protection);
  void serve(Accepted client);
  void check(SteadyTime now);

  const ServerHooks hooks;
  AccessControl access;
  Site site;
  ConnectionTable connections;
  Listening listening;
  std::shared_ptr<HttpDaemon> plain;
  Guarded<Daemons> daemons;
  std::unique_ptr<Acceptor> acceptor;
};

Server::Impl::~Impl() {
  acceptor.reset();
  access.stop();  // resumes whoever waits for the check of a password
  daemons.with([](Daemons& all) { return std::exchange(all, {}); });
  plain.reset();
  for (const auto& path : listening.unix_paths) ::unlink(path.c_str());
}

Result<std::shared_ptr<HttpDaemon>> Server::Impl::make_daemon(
    const std::optional<config::WebTls>& tls) {
  auto daemon = HttpDaemon::start(
      {.site = site, .access = access, .connections = connections, .hooks = hooks}, tls);
  if (!daemon) return fail(daemon.error());
  return std::shared_ptr<HttpDaemon>(*std::move(daemon));
}

Result<void> Server::Impl::protect(const config::WebProtection& protection) {
  const auto before = daemons.with([](const Daemons& all) { return all.settings; });
  if (protection.tls != before) {
    std::shared_ptr<HttpDaemon> next;
    if (protection.tls) {
      auto made = make_daemon(protection.tls);
      if (!made) return fail(made.error());
      next = *std::move(made);
    }
    const auto until = steady_now() + retirement;
    daemons.with([&](Daemons& all) {
      if (all.tls) all.retired.push_back({.daemon = std::move(all.tls), .until = until});
      all.tls = std::move(next);
      all.settings = protection.tls;
    });
  }
  access.replace(protection);
  return {};
}

void Server::Impl::serve(Accepted client) {
  const auto tls = daemons.with([](const Daemons& all) { return all.tls; });
  const auto& daemon = tls && !client.peer.is_private ? tls : plain;
  daemon->serve(std::move(client.socket), client.address, client.length);
}

void Server::Impl::check(SteadyTime now) {
  connections.close_overdue(now);
  // They end outside of the lock: that closes their connections.
  std::vector<Retired> ended;
  daemons.with([&](Daemons& all) {
    const auto rest = std::ranges::partition(
        all.retired, [now](const Retired& retired) { return retired.until > now; });
    std::ranges::move(rest, std::back_inserter(ended));
    all.retired.erase(rest.begin(), rest.end());
  });
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options,
                                              std::vector<Route> routes, ServerHooks hooks,
                                              ThreadGuard& guard) {
  auto impl = std::make_unique<Impl>(options, std::move(routes), std::move(hooks), guard);
  auto& server = *impl;
  for (const auto& address : options.listen_addresses) {
    if (auto done = listen(server.listening, address, options.unix_sockets, false); !done) {
      return fail(done.error());
    }
  }
  if (!options.private_socket.empty()) {
    const auto address = "unix://" + options.private_socket;
    if (auto done = listen(server.listening, address, {.mode = 0600}, true); !done) {
      return fail(done.error());
    }
  }
  auto plain = server.make_daemon({});
  if (!plain) return fail(plain.error());
  server.plain = *std::move(plain);
  if (auto done = server.protect(options.protection); !done) return fail(done.error());
  server.acceptor = std::make_unique<Acceptor>(
      std::move(server.listening.listeners), server.connections,
      [&server](Accepted client) { server.serve(std::move(client)); },
      [&server](SteadyTime now) { server.check(now); }, guard);
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Result<void> Server::check(const config::WebProtection& protection) {
  if (!protection.tls) return {};
  if (auto checked = check_tls(*protection.tls); !checked) return checked;
  auto clients = ClientCertificates::make(*protection.tls);
  return clients ? Result<void>{} : fail(clients.error());
}

Result<void> Server::protect(const config::WebProtection& protection) {
  return impl_->protect(protection);
}

std::vector<std::uint16_t> Server::ports() const {
  return impl_->listening.ports;
}

ServerLoad Server::load() const {
  return {.connections = impl_->connections.size(), .requests = impl_->connections.answers()};
}

}  // namespace tidegauge::web
