#pragma once

// Opens the socket that Server listens on. libmicrohttpd could open it, but would not say why it
// fails. Stateless.

#include <cstdint>
#include <string>

#include "tidegauge/model/error.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::web {

struct ListenSocket {
  UniqueFd fd;
  std::uint16_t port = 0;  ///< 0 for a Unix socket
  std::string unix_path;   ///< the server removes it at its end; empty for TCP
};

/// Understands `host:port`, `[IPv6]:port`, `:port` (all addresses, IPv4 and IPv6) and
/// `unix:///path`. `[::]:port` accepts IPv4, too. For a name, the first of its addresses that can
/// be bound is used. Errc::invalid_config: the text is not an address. Errc::system: the system
/// refuses.
[[nodiscard]] Result<ListenSocket> open_listen_socket(const std::string& address);

}  // namespace tidegauge::web
