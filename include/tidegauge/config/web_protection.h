#pragma once

// How the page is protected: TLS, users, headers, a limit of the rate and a token. A plain value,
// complete: the texts of certificates and keys are in it, so two of them can be compared. Made by
// `load_web_protection` (tidegauge/config/web_config_file.h), used by `web`. It holds secrets:
// nothing of it may be logged but the members `*_from`.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tidegauge::config {

/// What the server requires of a client's certificate. The comments have the exporter toolkit's
/// names.
enum class ClientAuth : std::uint8_t {
  none,               ///< NoClientCert
  request,            ///< RequestClientCert: asked for, not needed, not verified
  require_any,        ///< RequireAnyClientCert: needed, not verified
  verify_if_given,    ///< VerifyClientCertIfGiven
  require_and_verify  ///< RequireAndVerifyClientCert
};

enum class TlsVersion : std::uint8_t { tls10, tls11, tls12, tls13 };

struct WebTls {
  std::string certificate;       ///< PEM, the server's certificate first
  std::string certificate_from;  ///< the path, or "tls_server_config.cert"
  std::string key;               ///< PEM, not encrypted
  std::string key_from;
  std::string client_ca;  ///< PEM, any number of certificates; empty: none
  std::string client_ca_from;
  ClientAuth client_auth = ClientAuth::none;
  /// One of them must be a DNS name, e-mail address, IP address or URI of the client's certificate.
  /// Empty: any. Set only where the client must have a certificate.
  std::vector<std::string> client_allowed_sans;
  TlsVersion min_version = TlsVersion::tls12;
  TlsVersion max_version = TlsVersion::tls13;
  std::vector<std::string> cipher_suites;  ///< by their names in Go, all known; empty: the default
  std::vector<std::string> curve_preferences;  ///< likewise

  friend bool operator==(const WebTls&, const WebTls&) = default;
};

/// A bucket of `burst` tokens for all clients together, which gets a token per `interval`; each
/// request takes one.
struct RateLimit {
  std::chrono::nanoseconds interval{};  ///< more than 0
  std::uint32_t burst = 1;              ///< at least 1

  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

struct WebProtection {
  std::optional<WebTls> tls;                   ///< absent: plain HTTP
  std::map<std::string, std::string> headers;  ///< of every answer; values without line breaks
  std::map<std::string, std::string> users;    ///< name and bcrypt hash; empty: nobody is asked
  std::optional<RateLimit> rate_limit;
  std::string bearer_token;  ///< empty: none

  friend bool operator==(const WebProtection&, const WebProtection&) = default;
};

}  // namespace tidegauge::config
