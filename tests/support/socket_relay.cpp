#include "support/socket_relay.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

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

/// What was passed on; nothing at the end of the connection.
std::optional<std::string> pass_on(int from, int to) {
  std::string data(65'536, '\0');
  const auto got = ::read(from, data.data(), data.size());
  if (got <= 0) return std::nullopt;
  data.resize(static_cast<std::size_t>(got));
  for (std::string_view rest = data; !rest.empty();) {
    const auto sent = ::send(to, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return std::nullopt;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  return data;
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

void SocketRelay::cut_event_streams() {
  cut_event_streams_ = true;
  wakeup_.signal();
}

void SocketRelay::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    wakeup_.drain();
    if (cut_.exchange(false)) pairs_.clear();
    if (cut_event_streams_.exchange(false)) std::erase_if(pairs_, std::mem_fn(&Pair::has_events));
    std::vector<pollfd> polled{{wakeup_.fd(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const auto& pair : pairs_) {
      polled.push_back({pair.client.get(), POLLIN, 0});
      polled.push_back({pair.target.get(), POLLIN, 0});
    }
    ::poll(polled.data(), polled.size(), -1);
    std::size_t next = 2;
    for (auto& pair : pairs_) {
      if (polled[next++].revents != 0) pass_on_request(pair);
      if (polled[next++].revents != 0) pass_on_answer(pair);
    }
    std::erase_if(pairs_, std::mem_fn(&Pair::is_over));
    if (polled[1].revents != 0) take_connection();
  }
}

/// Where the target does not listen, the client finds itself hung up on.
void SocketRelay::take_connection() {
  UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  auto target = open_socket();
  const auto address = address_of(target_);
  if (!client.valid() ||
      ::connect(target.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return;
  }
  pairs_.push_back({.client = std::move(client), .target = std::move(target)});
}

void SocketRelay::pass_on_request(Pair& pair) {
  const auto request = pass_on(pair.client.get(), pair.target.get());
  pair.is_over = !request;
  if (request) pair.has_events = request->substr(0, request->find('\n')).contains("/events");
}

void SocketRelay::pass_on_answer(Pair& pair) {
  pair.is_over = pair.is_over || !pass_on(pair.target.get(), pair.client.get());
}

}  // namespace tidegauge::test
