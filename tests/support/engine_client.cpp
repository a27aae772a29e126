#include "support/engine_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::test {

namespace {

[[noreturn]] void throw_errno(const std::string& doing) {
  throw std::system_error(errno, std::generic_category(), doing);
}

/// Lets the socket's next call block no longer than until `deadline`.
void limit_to(int socket, SteadyTime deadline) {
  const auto left = std::chrono::ceil<std::chrono::microseconds>(deadline - steady_now());
  if (left.count() <= 0) throw std::runtime_error("the Engine did not answer in time");
  const timeval timeout{.tv_sec = left.count() / 1'000'000, .tv_usec = left.count() % 1'000'000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

UniqueFd connect_to(const std::string& path, SteadyTime deadline) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) throw_errno("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long: " + path);
  std::ranges::copy(path, std::begin(address.sun_path));
  limit_to(socket.get(), deadline);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("connect to " + path);
  }
  return socket;
}

void send_all(int socket, std::string_view data, SteadyTime deadline) {
  while (!data.empty()) {
    limit_to(socket, deadline);
    const auto sent = ::send(socket, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) throw_errno("send");
    if (sent > 0) data.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string receive_all(int socket, SteadyTime deadline) {
  std::string data;
  std::array<char, 16'384> buffer{};
  while (true) {
    limit_to(socket, deadline);
    const auto received = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (received == 0) return data;
    if (received < 0 && errno != EAGAIN && errno != EINTR) throw_errno("receive");
    if (received > 0) data.append(buffer.data(), static_cast<std::size_t>(received));
  }
}

EngineReply parse(const std::string& data) {
  const auto end_of_headers = data.find("\r\n\r\n");
  const auto space = data.find(' ');
  if (!data.starts_with("HTTP/1.") || end_of_headers == std::string::npos) {
    throw std::runtime_error("not an HTTP answer: " + data.substr(0, 200));
  }
  return {.status = std::atoi(data.c_str() + space), .body = data.substr(end_of_headers + 4)};
}

}  // namespace

// HTTP/1.0, so that the end of the connection is the end of the body and nothing comes in chunks.
EngineReply EngineClient::request(std::string_view method, std::string_view path,
                                  std::string_view body, std::chrono::milliseconds limit) const {
  const auto deadline = steady_now() + limit;
  auto message = std::string(method) + " " + std::string(path) + " HTTP/1.0\r\nHost: engine\r\n";
  if (!body.empty()) message += "Content-Type: application/json\r\n";
  message += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  message += body;

  const auto socket = connect_to(socket_path_, deadline);
  send_all(socket.get(), message, deadline);
  return parse(receive_all(socket.get(), deadline));
}

void EngineClient::expect(std::string_view method, std::string_view path,
                          std::string_view body) const {
  static_cast<void>(body_of(method, path, body));
}

std::string EngineClient::body_of(std::string_view method, std::string_view path,
                                  std::string_view body) const {
  auto reply = request(method, path, body);
  if (reply.status >= 200 && reply.status < 400) return std::move(reply.body);
  throw std::runtime_error(std::string(method) + " " + std::string(path) + ": status " +
                           std::to_string(reply.status) + ": " + reply.body);
}

}  // namespace tidegauge::test
