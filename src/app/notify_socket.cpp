#include "app/notify_socket.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace tidegauge::app {
namespace {

std::optional<std::int64_t> number_in(const char* text) {
  if (text == nullptr) return std::nullopt;
  const std::string_view digits = text;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
  if (error != std::errc{} || end != digits.end()) return std::nullopt;
  return number;
}

}  // namespace

NotifySocket::NotifySocket(const char* address) {
  const std::string_view name = address == nullptr ? "" : address;
  const bool is_abstract = name.starts_with('@');
  if (!is_abstract && !name.starts_with('/')) return;
  if (name.size() >= sizeof address_.sun_path) return;
  address_.sun_family = AF_UNIX;
  std::ranges::copy(name, static_cast<char*>(address_.sun_path));
  if (is_abstract) address_.sun_path[0] = '\0';
  length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  fd_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

Result<void> NotifySocket::send(std::string_view lines) const {
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address_);
  if (::sendto(fd_.get(), lines.data(), lines.size(), MSG_DONTWAIT | MSG_NOSIGNAL, generic,
               length_) >= 0) {
    return {};
  }
  return fail(Errc::system, "$NOTIFY_SOCKET: " + std::generic_category().message(errno));
}

std::optional<std::chrono::microseconds> watchdog_limit(const char* microseconds,
                                                        const char* process) {
  const auto limit = number_in(microseconds);
  if (!limit || *limit <= 0) return std::nullopt;
  if (process != nullptr && number_in(process) != ::getpid()) return std::nullopt;
  return std::chrono::microseconds(*limit);
}

}  // namespace tidegauge::app
