#include "support/socket_relay.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace tidegauge::test {
namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw std::system_error(ENAMETOOLONG, std::generic_category(), path);
  }
  std::ranges::copy(path, std::begin(address.sun_path));
  return address;
}

UniqueFd open_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) throw std::system_error(errno, std::generic_category(), "socket");
  return socket;
}

}  // namespace

SocketRelay::SocketRelay(const std::string& path, std::string target)
    : target_(std::move(target)), listener_(open_socket()) {
  const auto address = address_of(path);
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), SOMAXCONN) != 0) {
    throw std::system_error(errno, std::generic_category(), "listen at " + path);
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

SocketRelay::~SocketRelay() {
  thread_.request_stop();
  wakeup_.signal();
}

void SocketRelay::cut() {
  cut_ = true;
  wakeup_.signal();
}

void SocketRelay::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    wakeup_.drain();
    if (cut_.exchange(false)) pairs_.clear();
    std::vector<pollfd> polled{{wakeup_.fd(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const auto& [client, engine] : pairs_) {
      polled.push_back({client.get(), POLLIN, 0});
      polled.push_back({engine.get(), POLLIN, 0});
    }
    ::poll(polled.data(), polled.size(), -1);
    std::size_t next = 2;
    std::erase_if(pairs_, [&](const Pair& pair) {
      const bool from_client = polled[next++].revents != 0;
      const bool from_engine = polled[next++].revents != 0;
      return (from_client && !pass_on(pair.first.get(), pair.second.get())) ||
             (from_engine && !pass_on(pair.second.get(), pair.first.get()));
    });
    if (polled[1].revents != 0) take_connection();
  }
}

/// Where the target does not listen, the client finds itself hung up on.
void SocketRelay::take_connection() {
  UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  auto engine = open_socket();
  const auto address = address_of(target_);
  if (!client.valid() ||
      ::connect(engine.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return;
  }
  pairs_.emplace_back(std::move(client), std::move(engine));
}

/// False at the end of the connection.
bool SocketRelay::pass_on(int from, int to) {
  std::array<char, 65'536> buffer{};
  const auto got = ::read(from, buffer.data(), buffer.size());
  for (ssize_t sent = 0; sent < got;) {
    const auto size = static_cast<std::size_t>(got - sent);
    const auto now = ::send(to, buffer.data() + sent, size, MSG_NOSIGNAL);
    if (now <= 0) return false;
    sent += now;
  }
  return got > 0;
}

}  // namespace tidegauge::test
