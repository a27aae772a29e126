#pragma once

// What systemd has for a service with Type=notify: a datagram socket that receives what the service
// tells. Belongs to one thread.

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "tidegauge/util/time.h"
#include "tidegauge/util/unique_fd.h"

namespace tidegauge::test {

class ServiceManager {
 public:
  /// `address`: a path, or an abstract name with '@' in front, as in $NOTIFY_SOCKET.
  explicit ServiceManager(std::string address) : address_(std::move(address)) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::ranges::copy(address_, static_cast<char*>(where.sun_path));
    if (address_.starts_with('@')) where.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&where), length) != 0) {
      throw std::system_error(errno, std::generic_category(), address_);
    }
  }

  [[nodiscard]] const std::string& address() const { return address_; }

  /// What is told next; nothing where nothing is within `limit`.
  std::optional<std::string> next(Milliseconds limit = Milliseconds{20'000}) {
    pollfd readable{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, static_cast<int>(limit.count())) <= 0) return std::nullopt;
    std::array<char, 4096> message{};
    const auto size = ::recv(fd_.get(), message.data(), message.size(), 0);
    return std::string(message.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
  /// The next message that begins with `front`; nothing where none comes within `limit`.
  std::optional<std::string> next_with(std::string_view front,
                                       Milliseconds limit = Milliseconds{20'000}) {
    const auto deadline = steady_now() + limit;
    while (steady_now() < deadline) {
      const auto left = std::chrono::ceil<Milliseconds>(deadline - steady_now());
      auto message = next(std::max(left, Milliseconds{0}));
      if (message && message->starts_with(front)) return message;
    }
    return std::nullopt;
  }

 private:
  std::string address_;
  UniqueFd fd_;
};

}  // namespace tidegauge::test
