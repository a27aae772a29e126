#include "web/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tidegauge::web {
namespace {

Peer peer_of(const in_addr& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &address, text.data(), text.size());
  constexpr std::uint32_t loopback = 127;
  return {.address = text.data(), .is_local = ntohl(address.s_addr) >> 24U == loopback};
}

Peer peer_of(const in6_addr& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    in_addr mapped{};
    constexpr std::size_t prefix = 12;
    std::memcpy(&mapped, address.s6_addr + prefix, sizeof mapped);
    return peer_of(mapped);
  }
  auto network = address;
  constexpr std::size_t network_bytes = 8;
  std::memset(network.s6_addr + network_bytes, 0, sizeof network.s6_addr - network_bytes);
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &network, text.data(), text.size());
  return {.address = text.data(), .is_local = IN6_IS_ADDR_LOOPBACK(&address) != 0};
}

}  // namespace

Peer peer_of(const sockaddr_storage& address) {
  const auto* const generic = &address;
  if (address.ss_family == AF_INET)
    return peer_of(reinterpret_cast<const sockaddr_in*>(generic)->sin_addr);
  if (address.ss_family == AF_INET6)
    return peer_of(reinterpret_cast<const sockaddr_in6*>(generic)->sin6_addr);
  return {.address = "unix", .is_local = true};
}

}  // namespace tidegauge::web
