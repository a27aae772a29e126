#include "support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace tidegauge::test {

namespace {

template <class Address>
UniqueFd connect_to(const Address& address, int family) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) throw std::system_error(errno, std::system_category(), "socket");
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::system_category(), "connect");
  }
  return socket;
}

}  // namespace

RawClient::RawClient(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(socket_path.substr(0, sizeof address.sun_path - 1), address.sun_path);
  socket_ = connect_to(address, AF_UNIX);
}

RawClient::RawClient(std::uint16_t port, const std::string& host) {
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  ipv4.sin_port = htons(port);
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &ipv4.sin_addr) == 1) {
    socket_ = connect_to(ipv4, AF_INET);
  } else if (::inet_pton(AF_INET6, host.c_str(), &ipv6.sin6_addr) == 1) {
    socket_ = connect_to(ipv6, AF_INET6);
  } else {
    throw std::runtime_error("not an address: " + host);
  }
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) throw std::system_error(errno, std::system_category(), "send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void RawClient::ask(std::string_view method, std::string_view target) {
  send(std::string(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n\r\n"));
}

RawClient::Reply RawClient::get(std::string_view target) {
  ask("GET", target);
  return read_reply();
}

RawClient::Reply RawClient::read_reply() {
  constexpr std::string_view length_header = "Content-Length: ";
  Reply reply{.head = read_head(), .body = ""};
  reply.status = std::stoi(reply.head.substr(std::min(reply.head.find(' '), reply.head.size())));
  const auto length = reply.head.find(length_header);
  if (length != std::string::npos) {
    reply.body = read_bytes(std::stoul(reply.head.substr(length + length_header.size())));
  } else {
    for (auto chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) reply.body += chunk;
  }
  return reply;
}

std::string RawClient::read_head() {
  return read_until("\r\n\r\n");
}

std::string RawClient::read_chunk() {
  const auto size = std::stoul(read_until("\r\n"), nullptr, 16);
  auto data = read_bytes(size + 2);
  data.resize(size);
  return data;
}

std::optional<std::string> RawClient::read_some() {
  if (!unread_.empty()) return std::exchange(unread_, {});
  std::array<char, 16'384> buffer{};
  const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (count > 0) return std::string(buffer.data(), static_cast<std::size_t>(count));
  if (count == 0 || errno == ECONNRESET) return std::nullopt;
  throw std::system_error(errno, std::system_category(), "recv");
}

void RawClient::wait_for_close() {
  while (read_some()) {
  }
}

bool RawClient::has_unread_bytes() const {
  char byte = 0;
  return !unread_.empty() || ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

std::string RawClient::read_until(std::string_view mark) {
  std::string text;
  while (text.find(mark) == std::string::npos) {
    const auto more = read_some();
    if (!more) throw std::runtime_error("the server hung up after: " + text);
    text += *more;
  }
  const auto end = text.find(mark) + mark.size();
  unread_ = text.substr(end);
  text.resize(end);
  return text;
}

std::string RawClient::read_bytes(std::size_t count) {
  std::string bytes;
  while (bytes.size() < count) {
    const auto more = read_some();
    if (!more) throw std::runtime_error("the server hung up after: " + bytes);
    bytes += *more;
  }
  unread_ = bytes.substr(count);
  bytes.resize(count);
  return bytes;
}

}  // namespace tidegauge::test
