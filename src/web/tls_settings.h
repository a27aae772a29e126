#pragma once

// TLS of the server, on GnuTLS, from the configuration: which protocols and suites it speaks,
// whether its files can be used, and what a client must show. The server calls these when the
// configuration is loaded and for each new connection. `check_tls` and `tls_priorities` are free
// functions without state: thread-safe.

#include <gnutls/gnutls.h>

#include <memory>
#include <string>

#include "tidegauge/config/web_protection.h"
#include "tidegauge/model/error.h"

namespace tidegauge::web {

/// The priority string of GnuTLS for the versions, suites and curves. Without `cipher_suites` it
/// allows those that Go calls secure. GnuTLS combines key exchanges, ciphers and MACs freely, so
/// not every set of suites for TLS 1.2 and older can be expressed. Of TLS 1.3 it allows the suites
/// with the ciphers of the set. Errc::invalid_config names what cannot be expressed.
[[nodiscard]] Result<std::string> tls_priorities(const config::WebTls& tls);

/// Whether the server can work with these settings: certificate and key can be read and belong
/// together, the CA can be read, and `tls_priorities` succeeds. Errc::invalid_config names the
/// file.
[[nodiscard]] Result<void> check_tls(const config::WebTls& tls);

/// What the server asks of its clients. Immutable, so thread-safe.
class ClientCertificates {
 public:
  /// Errc::invalid_config: the CA cannot be read.
  [[nodiscard]] static Result<std::shared_ptr<const ClientCertificates>> make(
      const config::WebTls& tls);
  ~ClientCertificates();
  ClientCertificates(const ClientCertificates&) = delete;
  ClientCertificates& operator=(const ClientCertificates&) = delete;

  /// Makes the handshake of a server's session ask for a certificate as `client_auth` says, and
  /// fail where the certificate is not accepted. To be called before the handshake. This object
  /// outlives the session, and nobody else uses its database pointer (gnutls_db_set_ptr).
  void prepare(gnutls_session_t session) const;

 private:
  struct Impl;
  explicit ClientCertificates(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegauge::web
