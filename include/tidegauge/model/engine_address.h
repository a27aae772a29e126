#pragma once

// The address of an Engine, and the files for mutual TLS. Values of the configuration.

#include <cstdint>
#include <string>
#include <string_view>

#include "tidegauge/model/error.h"

namespace tidegauge::model {

struct EngineAddress {
  enum class Scheme : std::uint8_t { unix_socket, tcp, tls };

  Scheme scheme = Scheme::unix_socket;
  std::string path = "/var/run/docker.sock";  ///< of the Unix socket
  std::string host;                           ///< for tcp and tls; IPv6 without brackets
  std::uint16_t port = 0;
  /// The pid file of an Engine on this machine: connections are made only while that process is
  /// alive. Empty: the socket alone shows that there is an Engine.
  std::string pid_file = {};

  friend bool operator==(const EngineAddress&, const EngineAddress&) = default;
};

/// Paths of PEM files, only for Scheme::tls. Every connection reads the files again.
struct TlsFiles {
  std::string ca_file;    ///< the CA of the Engine's certificate; empty: the system's CAs
  std::string cert_file;  ///< sent to the Engine, with its key; both or neither
  std::string key_file;
  bool verify = true;  ///< whether the Engine must prove that it has the name of the address

  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

/// The forms of an address, for messages and documentation.
inline constexpr std::string_view engine_address_forms =
    "unix:///path/to/docker.sock, /path/to/docker.sock, tcp://host:port, https://host:port";

/// Understands `unix:///path`, a bare absolute path, `tcp://host[:port]` (2375 when absent),
/// `http://` with the same meaning, and `https://host[:port]` (2376). A Unix path has at most
/// 107 bytes and does not end like a directory. Anything else is Errc::invalid_config, whose
/// message ends with "; allowed: " and the forms above. `pid_file` is not part of the text.
[[nodiscard]] Result<EngineAddress> parse_engine_address(std::string_view text);

/// A text that `parse_engine_address` reads back.
[[nodiscard]] std::string to_string(const EngineAddress& address);

}  // namespace tidegauge::model
