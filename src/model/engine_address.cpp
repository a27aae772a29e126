#include "tidegauge/model/engine_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace tidegauge::model {
namespace {

constexpr std::size_t max_unix_path = 107;  // sun_path without its terminating zero

std::unexpected<Error> rejected(std::string_view text, std::string_view why) {
  return fail(Errc::invalid_config, "\"" + std::string(text) + "\" " + std::string(why) +
                                        "; allowed: " + std::string(engine_address_forms));
}

/// Blanks at an end come from a variable or a file that was written by a program.
bool has_blank_at_end(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  return !text.empty() && (blanks.contains(text.front()) || blanks.contains(text.back()));
}

bool is_ipv6(std::string address) {
  address.erase(std::min(address.find('%'), address.size()));  // the zone, as in fe80::1%eth0
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
}

Result<EngineAddress> unix_address(std::string_view text, std::string_view path) {
  if (!path.starts_with('/')) return rejected(text, "is not an absolute path");
  if (path.size() > max_unix_path) return rejected(text, "is longer than 107 bytes");
  if (path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..")) {
    return rejected(text, "ends like a directory; name the socket, without a slash behind it");
  }
  EngineAddress address;
  address.path = path;
  return address;
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), port);
  if (error != std::errc{} || end != digits.end() || port == 0) {
    return rejected(text, "has no valid port");
  }
  return port;
}

Result<EngineAddress> network_address(std::string_view text, std::string_view authority,
                                      EngineAddress::Scheme scheme, std::uint16_t default_port) {
  EngineAddress address{.scheme = scheme, .path = "", .host = "", .port = default_port};
  while (authority.ends_with('/')) authority.remove_suffix(1);
  std::string_view rest;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return rejected(text, "has an unclosed [");
    address.host = authority.substr(1, close - 1);
    rest = authority.substr(close + 1);
  } else {
    const auto colon = authority.find(':');
    address.host = authority.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon);
  }
  if (address.host.empty()) return rejected(text, "has no host");
  if (address.host.find('/') != std::string::npos) return rejected(text, "has a path");
  if (address.host.find_first_of("[]") != std::string::npos) {
    return rejected(text, "has a bracket within its host");
  }
  if (address.host.find_first_of(" \t\r\n@?#\\\"<>^`{|}") != std::string::npos) {
    return rejected(text, "has a character that no host has");
  }
  if (authority.starts_with('[') && !is_ipv6(address.host)) {
    return rejected(text, "has no IPv6 address in its brackets");
  }
  if (rest.empty()) return address;
  if (!rest.starts_with(':')) return rejected(text, "has something between host and port");
  const auto port = parse_port(text, rest.substr(1));
  if (!port) return std::unexpected(port.error());
  address.port = *port;
  return address;
}

}  // namespace

Result<EngineAddress> parse_engine_address(std::string_view text) {
  using Scheme = EngineAddress::Scheme;
  if (has_blank_at_end(text)) return rejected(text, "begins or ends with a blank");
  const auto after = [&](std::string_view prefix) { return text.substr(prefix.size()); };
  if (text.starts_with("unix://")) return unix_address(text, after("unix://"));
  if (text.starts_with('/')) return unix_address(text, text);
  if (text.starts_with("tcp://")) return network_address(text, after("tcp://"), Scheme::tcp, 2375);
  if (text.starts_with("http://")) {
    return network_address(text, after("http://"), Scheme::tcp, 2375);
  }
  if (text.starts_with("https://")) {
    return network_address(text, after("https://"), Scheme::tls, 2376);
  }
  return rejected(text, "is not an Engine's address");
}

std::string to_string(const EngineAddress& address) {
  if (address.scheme == EngineAddress::Scheme::unix_socket) return "unix://" + address.path;
  const bool ipv6 = address.host.find(':') != std::string::npos;
  return (address.scheme == EngineAddress::Scheme::tls ? "https://" : "tcp://") +
         (ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace tidegauge::model
