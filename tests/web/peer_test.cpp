#include "web/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "support/catch.h"

using tidegauge::web::Peer;
using tidegauge::web::peer_of;

namespace {

Peer peer_at(const char* text) {
  sockaddr_storage storage{};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    std::memcpy(&storage, &v4, sizeof v4);
  } else {
    REQUIRE(::inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    v6.sin6_family = AF_INET6;
    std::memcpy(&storage, &v6, sizeof v6);
  }
  return peer_of(storage);
}

}  // namespace

TEST_CASE("an IPv4 address counts as it is, written as IPv6 too") {
  CHECK(peer_at("192.0.2.7").address == "192.0.2.7");
  CHECK(peer_at("::ffff:192.0.2.7").address == "192.0.2.7");
}

TEST_CASE("the addresses of one IPv6 network count together") {
  CHECK(peer_at("2001:db8:1:2:aaaa::1").address == "2001:db8:1:2::");
  CHECK(peer_at("2001:db8:1:2:bbbb::2").address == "2001:db8:1:2::");
  CHECK(peer_at("2001:db8:1:3::1").address != "2001:db8:1:2::");
}

TEST_CASE("loopback and Unix sockets are local") {
  for (const auto* address : {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"}) {
    CAPTURE(address);
    CHECK(peer_at(address).is_local);
  }
  for (const auto* address : {"128.0.0.1", "10.0.0.1", "::2", "::ffff:10.0.0.1", "fe80::1"}) {
    CAPTURE(address);
    CHECK_FALSE(peer_at(address).is_local);
  }
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  CHECK(peer_of(storage).address == "unix");
  CHECK(peer_of(storage).is_local);
}
