#pragma once

// Opens the socket that Server listens on. libmicrohttpd could open it, but would not say why it
// fails. Stateless.

#include <cstdint>
#include <string>
#include <vector>

#include "tidegauge/model/error.h"
#include "tidegauge/util/unique_fd.h"
#include "tidegauge/web/server.h"

namespace tidegauge::web {

struct ListenSocket {
  UniqueFd fd;
  std::uint16_t port = 0;  ///< 0 for a Unix socket
  std::string unix_path;   ///< the server removes it at its end; empty for TCP
};

/// Understands `host:port`, `[IPv6]:port`, `:port` (all addresses, IPv4 and IPv6), `unix:///path`
/// and `systemd` (the sockets that systemd passes, one or more). `[::]:port` accepts IPv4, too. For
/// a name, the first of its addresses that can be bound is used. Errc::invalid_config: the text is
/// not an address. Errc::system: the system refuses.
[[nodiscard]] Result<std::vector<ListenSocket>> open_listen_sockets(
    const std::string& address, const UnixSocketOptions& unix_options = {});

}  // namespace tidegauge::web
