#include "web/socket_activity.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstddef>

namespace tidegauge::web {
namespace {

std::uint64_t queued_bytes(int socket, unsigned long queue) {
  int bytes = 0;
  if (::ioctl(socket, queue, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::uint64_t>(bytes);
}

/// Nothing where the kernel's answer ends before the last field that is used here.
std::optional<tcp_info> info_of(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  constexpr auto needed = offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received;
  if (size < needed) return std::nullopt;
  return info;
}

}  // namespace

SocketActivity kernel_activity() {
  return {.unsent = [](int socket) { return queued_bytes(socket, SIOCOUTQ); },
          .unread = [](int socket) { return queued_bytes(socket, SIOCINQ); },
          .received = [](int socket) -> std::optional<std::uint64_t> {
            if (const auto info = info_of(socket)) return info->tcpi_bytes_received;
            return std::nullopt;
          },
          .taken = [](int socket) -> std::optional<std::uint64_t> {
            if (const auto info = info_of(socket)) return info->tcpi_bytes_acked;
            return std::nullopt;
          }};
}

}  // namespace tidegauge::web
