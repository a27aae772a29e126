#pragma once

// The other end of a connection. A plain value, and the function that makes it.

#include <sys/socket.h>

#include <string>

namespace tidegauge::web {

struct Peer {
  /// Connections with the same address count together: an IPv4 address, the first 64 bits of an
  /// IPv6 address (one user has as many addresses below it as they like), or "unix".
  std::string address;
  bool is_local = false;      ///< loopback or a Unix socket
  bool is_private = false;    ///< came by the private socket
  bool is_certified = false;  ///< has shown a certificate that was verified
};

[[nodiscard]] Peer peer_of(const sockaddr_storage& address);

}  // namespace tidegauge::web
