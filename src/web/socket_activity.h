#pragma once

// What the kernel knows about the traffic of a client's socket. Functions, so that tests can
// replace them. Stateless; they do not block.

#include <cstdint>
#include <functional>
#include <optional>

namespace tidegauge::web {

struct SocketActivity {
  /// Bytes in the kernel's send buffer that the client has not taken.
  std::function<std::uint64_t(int socket)> unsent;
  /// Bytes that have come from the client and that nobody has read.
  std::function<std::uint64_t(int socket)> unread;
  /// Bytes that have come from the client since it connected. Nothing for a Unix socket.
  std::function<std::optional<std::uint64_t>(int socket)> received;
  /// Bytes that the client has taken since it connected. Nothing for a Unix socket.
  std::function<std::optional<std::uint64_t>(int socket)> taken;
};

/// From ioctl(SIOCOUTQ) and TCP_INFO.
[[nodiscard]] SocketActivity kernel_activity();

}  // namespace tidegauge::web
