#include "web/listen_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <expected>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace tidegauge::web {
namespace {

struct HostAndPort {
  std::string host;  // empty: all addresses
  std::uint16_t port = 0;
};

using AddressList =
    std::unique_ptr<addrinfo, decltype([](addrinfo* list) { ::freeaddrinfo(list); })>;

std::string about(const std::string& address) {
  return "web.listen_address \"" + address + "\"";
}

std::string remedy(int error) {
  switch (error) {
    case EADDRINUSE:
      return "another program listens there: stop it or choose another port";
    case EADDRNOTAVAIL:
      return "this machine has no such address: use one of `ip address`, or \":PORT\" for all";
    case EACCES:
      return "this user may not: choose a port above 1023, or a directory that it may write to";
    case EAFNOSUPPORT:
      return "this machine has no such kind of network: use an IPv4 address";
    default:
      return "choose another address";
  }
}

std::unexpected<Error> refused(const std::string& address, int error) {
  return fail(Errc::system, "cannot listen on " + about(address) + ": " +
                                std::generic_category().message(error) + "; " + remedy(error));
}

std::unexpected<Error> malformed(const std::string& address, std::string_view why) {
  return fail(Errc::invalid_config,
              about(address) + " " + std::string(why) +
                  "; allowed: 127.0.0.1:9717, [::1]:9717, :9717, unix:///path/to/socket, systemd");
}

Result<HostAndPort> parse(const std::string& address) {
  const std::string_view text = address;
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed(address, "has no port");
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), port);
  if (error != std::errc{} || end != digits.end()) {
    return malformed(address, "has no valid port");
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return malformed(address, "has an IPv6 address without [ ]");
  }
  return HostAndPort{std::string(host), port};
}

/// The error is an errno value.
std::expected<UniqueFd, int> bound(int family, const sockaddr* address, socklen_t length) {
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return std::unexpected(errno);
  const int on = 1;
  const int off = 0;
  if (family != AF_UNIX) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(fd.get(), address, length) != 0) return std::unexpected(errno);
  return fd;
}

/// The error is an errno value.
std::expected<UniqueFd, int> listening(int family, const sockaddr* address, socklen_t length) {
  auto fd = bound(family, address, length);
  if (fd && ::listen(fd->get(), SOMAXCONN) != 0) return std::unexpected(errno);
  return fd;
}

std::uint16_t bound_port(const UniqueFd& fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(fd.get(), address, &length) != 0) return 0;
  if (storage.ss_family == AF_UNIX) return 0;
  return ntohs(storage.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(address)->sin_port);
}

Result<AddressList> resolve(const std::string& address, const std::string& host,
                            std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto service = std::to_string(port);
  const int error = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
  if (error == 0) return AddressList(found);
  return fail(Errc::system, about(address) + ": the name \"" + host + "\" is not resolved (" +
                                ::gai_strerror(error) + "); use an IP address");
}

Result<ListenSocket> listen_on_host(const std::string& address, const HostAndPort& where) {
  const auto candidates = resolve(address, where.host, where.port);
  if (!candidates) return std::unexpected(candidates.error());
  int first_error = 0;
  for (const auto* candidate = candidates->get(); candidate != nullptr;
       candidate = candidate->ai_next) {
    auto fd = listening(candidate->ai_family, candidate->ai_addr, candidate->ai_addrlen);
    if (fd) {
      const auto port = bound_port(*fd);
      return ListenSocket{.fd = std::move(*fd), .port = port, .unix_path = {}};
    }
    if (first_error == 0) first_error = fd.error();
  }
  return refused(address, first_error);
}

/// One IPv6 socket accepts IPv4, too. A machine without IPv6 gets an IPv4 socket.
Result<ListenSocket> listen_on_all(const std::string& address, std::uint16_t port) {
  const sockaddr_in6 any{.sin6_family = AF_INET6,
                         .sin6_port = htons(port),
                         .sin6_flowinfo = 0,
                         .sin6_addr = in6addr_any,
                         .sin6_scope_id = 0};
  auto fd = listening(AF_INET6, reinterpret_cast<const sockaddr*>(&any), sizeof any);
  if (!fd && (fd.error() == EAFNOSUPPORT || fd.error() == EADDRNOTAVAIL)) {
    return listen_on_host(address, {"0.0.0.0", port});
  }
  if (!fd) return refused(address, fd.error());
  const auto chosen = bound_port(*fd);
  return ListenSocket{.fd = std::move(*fd), .port = chosen, .unix_path = {}};
}

/// Whether the path is a socket of a program that has ended.
bool is_abandoned(const std::string& path, const sockaddr_un& address) {
  std::error_code ignored;
  if (!std::filesystem::is_socket(path, ignored)) return false;
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(probe.get(), generic, sizeof address) != 0 && errno == ECONNREFUSED;
}

/// `name` is a name or a number.
Result<gid_t> group_id(const std::string& address, const std::string& name) {
  gid_t number = 0;
  const auto* const name_end = name.data() + name.size();
  const auto [end, failure] = std::from_chars(name.data(), name_end, number);
  if (failure == std::errc{} && end == name_end) return number;
  std::array<char, 16'384> buffer{};
  group entry{};
  group* found = nullptr;
  const int error = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) return entry.gr_gid;
  const auto reason =
      error == 0 ? "there is no such group" : std::generic_category().message(error);
  return fail(Errc::system, about(address) + ": web.socket_group \"" + name + "\": " + reason);
}

/// Before the socket listens: until then, nobody can connect.
Result<void> restrict_access(const std::string& address, const std::string& path,
                             const UnixSocketOptions& options) {
  if (!options.group.empty()) {
    const auto group = group_id(address, options.group);
    if (!group) return std::unexpected(group.error());
    constexpr auto same_user = static_cast<uid_t>(-1);
    if (::chown(path.c_str(), same_user, *group) != 0) {
      return fail(Errc::system,
                  about(address) + ": cannot give it to the group \"" + options.group + "\": " +
                      std::generic_category().message(errno) + "; this user must be a member");
    }
  }
  if (::chmod(path.c_str(), options.mode) != 0) return refused(address, errno);
  return {};
}

Result<ListenSocket> listen_on_path(const std::string& address, std::string path,
                                    const UnixSocketOptions& options) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (!path.starts_with('/')) return malformed(address, "is not an absolute path");
  if (path.size() >= sizeof where.sun_path) return malformed(address, "is longer than 107 bytes");
  std::ranges::copy(path, static_cast<char*>(where.sun_path));
  const auto* const generic = reinterpret_cast<const sockaddr*>(&where);
  auto fd = bound(AF_UNIX, generic, sizeof where);
  if (!fd && fd.error() == EADDRINUSE && is_abandoned(path, where)) {
    ::unlink(path.c_str());
    fd = bound(AF_UNIX, generic, sizeof where);
  }
  if (!fd) return refused(address, fd.error());
  if (auto restricted = restrict_access(address, path, options); !restricted) {
    ::unlink(path.c_str());
    return std::unexpected(restricted.error());
  }
  if (::listen(fd->get(), SOMAXCONN) != 0) return refused(address, errno);
  return ListenSocket{.fd = std::move(*fd), .port = 0, .unix_path = std::move(path)};
}

Result<ListenSocket> open_one(const std::string& address, const UnixSocketOptions& unix_options) {
  constexpr std::string_view unix_scheme = "unix://";
  if (address.starts_with(unix_scheme)) {
    return listen_on_path(address, address.substr(unix_scheme.size()), unix_options);
  }
  const auto where = parse(address);
  if (!where) return std::unexpected(where.error());
  if (where->host.empty()) return listen_on_all(address, where->port);
  return listen_on_host(address, *where);
}

/// The protocol of sd_listen_fds(3): descriptors from 3 on.
Result<std::vector<ListenSocket>> take_systemd_sockets() {
  constexpr int first = 3;
  const auto number_in = [](const char* name) {
    const char* const text = std::getenv(name);
    int number = 0;
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), number);
    return number;
  };
  const int count = number_in("LISTEN_PID") == ::getpid() ? number_in("LISTEN_FDS") : 0;
  if (count <= 0) {
    return fail(Errc::system,
                about("systemd") +
                    ": systemd has passed no socket; enable tidegauge.socket, or name an address");
  }
  std::vector<ListenSocket> sockets;
  for (int fd = first; fd < first + count; ++fd) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) {
      return fail(Errc::system, about("systemd") + ": the descriptor " + std::to_string(fd) +
                                    " is no listening stream socket; use ListenStream=");
    }
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    UniqueFd socket(fd);
    const auto port = bound_port(socket);
    sockets.push_back({.fd = std::move(socket), .port = port, .unix_path = {}});
  }
  return sockets;
}

}  // namespace

Result<std::vector<ListenSocket>> open_listen_sockets(const std::string& address,
                                                      const UnixSocketOptions& unix_options) {
  if (address == "systemd") return take_systemd_sockets();
  auto socket = open_one(address, unix_options);
  if (!socket) return std::unexpected(socket.error());
  std::vector<ListenSocket> sockets;
  sockets.push_back(*std::move(socket));
  return sockets;
}

}  // namespace tidegauge::web
