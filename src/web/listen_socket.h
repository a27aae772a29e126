#pragma once

// The socket that the server listens on. Opened by us, not by libmicrohttpd, so that a failure is
// told exactly and with its remedy. Not thread-safe.

#include <cstdint>
#include <string>

#include "tidegauge/model/error.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::web {

struct ListenSocket {
  UniqueFd fd;
  std::uint16_t port = 0;  ///< 0 for a Unix socket
  std::string unix_path;   ///< to be removed when the server ends; empty for TCP
};

/// Understands `host:port`, `[IPv6]:port`, `:port` (all addresses, IPv4 and IPv6) and
/// `unix:///path`. `[::]:port` takes IPv4 too. A name is taken by the first of its addresses that
/// can be bound. Errc::invalid_config where the text is not an address, Errc::system where it
/// cannot be listened on.
[[nodiscard]] Result<ListenSocket> open_listen_socket(const std::string& address);

}  // namespace tidegauge::web
