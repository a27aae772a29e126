#include "web/tls_settings.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegauge::web {
namespace {

using config::ClientAuth;
using config::TlsVersion;
using config::WebTls;

/// A suite by its name in Go and by what GnuTLS makes it of. Suites of TLS 1.3 have no key
/// exchange.
struct Suite {
  std::string_view name;
  std::string_view key_exchange;
  std::string_view cipher;
  std::string_view mac;
};

constexpr std::array<Suite, 13> suites{{
    {"TLS_AES_128_GCM_SHA256", "", "AES-128-GCM", "AEAD"},
    {"TLS_AES_256_GCM_SHA384", "", "AES-256-GCM", "AEAD"},
    {"TLS_CHACHA20_POLY1305_SHA256", "", "CHACHA20-POLY1305", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA", "AES-128-GCM", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA", "AES-128-GCM", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA", "AES-256-GCM", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA", "AES-256-GCM", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA", "CHACHA20-POLY1305", "AEAD"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA", "CHACHA20-POLY1305", "AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA", "AES-128-CBC", "SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA", "AES-128-CBC", "SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA", "AES-256-CBC", "SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA", "AES-256-CBC", "SHA1"},
}};

struct Named {
  std::string_view name;
  std::string_view keyword;
};

constexpr std::array<Named, 4> curves{{{"CurveP256", "GROUP-SECP256R1"},
                                       {"CurveP384", "GROUP-SECP384R1"},
                                       {"CurveP521", "GROUP-SECP521R1"},
                                       {"X25519", "GROUP-X25519"}}};
constexpr std::array<std::pair<TlsVersion, std::string_view>, 4> versions{
    {{TlsVersion::tls10, "VERS-TLS1.0"},
     {TlsVersion::tls11, "VERS-TLS1.1"},
     {TlsVersion::tls12, "VERS-TLS1.2"},
     {TlsVersion::tls13, "VERS-TLS1.3"}}};

std::unexpected<Error> refused(const std::string& what) {
  return fail(Errc::invalid_config, "tls_server_config." + what);
}

/// Parts of a priority string, each once and in the order of adding.
class Keywords {
 public:
  void add(std::string_view keyword) {
    if (keyword.empty() || contain(keyword)) return;
    all_.push_back(keyword);
  }
  [[nodiscard]] bool contain(std::string_view keyword) const {
    return std::ranges::find(all_, keyword) != all_.end();
  }
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto keyword : all_) out.append(":+").append(keyword);
    return out;
  }

 private:
  std::vector<std::string_view> all_;
};

/// What GnuTLS combines suites of.
struct SuiteParts {
  Keywords key_exchanges;
  Keywords ciphers;
  Keywords macs;

  void add(const Suite& suite) {
    key_exchanges.add(suite.key_exchange);
    ciphers.add(suite.cipher);
    macs.add(suite.mac);
  }
  [[nodiscard]] bool allow(const Suite& suite) const {
    const bool exchange = suite.key_exchange.empty() || key_exchanges.contain(suite.key_exchange);
    return exchange && ciphers.contain(suite.cipher) && macs.contain(suite.mac);
  }
};

bool is_of_tls13(const Suite& suite) {
  return suite.key_exchange.empty();
}

Result<SuiteParts> suite_parts(const WebTls& tls) {
  SuiteParts parts;
  std::set<std::string_view> listed;
  for (const auto& suite : suites) {
    const bool wanted = tls.cipher_suites.empty() ||
                        std::ranges::find(tls.cipher_suites, suite.name) != tls.cipher_suites.end();
    if (!wanted) continue;
    parts.add(suite);
    listed.insert(suite.name);
  }
  const bool has_old = tls.min_version < TlsVersion::tls13;
  const bool has_new = tls.max_version == TlsVersion::tls13;
  bool reaches_old = false;
  bool reaches_new = false;
  for (const auto& suite : suites) {
    if (!parts.allow(suite)) continue;
    (is_of_tls13(suite) ? reaches_new : reaches_old) = true;
    if (!has_old || is_of_tls13(suite) || listed.contains(suite.name)) continue;
    return refused("cipher_suites: the list would allow " + std::string(suite.name) +
                   " as well, because GnuTLS combines the parts of suites; add that suite, or "
                   "remove suites");
  }
  if (has_old && !reaches_old) {
    return refused(
        "cipher_suites: the list has no suite of TLS 1.2 or older; add one, or set "
        "min_version to TLS13");
  }
  if (has_new && !reaches_new) {
    return refused(
        "cipher_suites: the list has no cipher of TLS 1.3; add a suite with GCM or "
        "POLY1305, or set max_version to TLS12");
  }
  if (!has_old) {  // TLS 1.3 needs the exchange, and has no name for it
    parts.key_exchanges.add("ECDHE-ECDSA");
    parts.key_exchanges.add("ECDHE-RSA");
  }
  return parts;
}

std::string group_keywords(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  Keywords groups;
  for (const auto& name : names) {
    const auto* const known = std::ranges::find(curves, name, &Named::name);
    if (known != curves.end()) groups.add(known->keyword);
  }
  return ":-GROUP-ALL" + groups.text();
}

struct FreeKey {
  void operator()(gnutls_x509_privkey_t key) const { gnutls_x509_privkey_deinit(key); }
};

gnutls_datum_t datum_of(const std::string& text) {
  auto* const bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  return {.data = bytes, .size = static_cast<unsigned>(text.size())};
}

/// The certificates of a PEM text, freed with this.
class CertificateList {
 public:
  explicit CertificateList(const std::string& pem) {
    const auto datum = datum_of(pem);
    result_ = gnutls_x509_crt_list_import2(&certificates_, &count_, &datum, GNUTLS_X509_FMT_PEM, 0);
  }
  ~CertificateList() {
    for (unsigned i = 0; i < count_; ++i) gnutls_x509_crt_deinit(certificates_[i]);
    gnutls_free(static_cast<void*>(certificates_));
  }
  CertificateList(const CertificateList&) = delete;
  CertificateList& operator=(const CertificateList&) = delete;

  [[nodiscard]] Result<void> outcome(const std::string& from) const {
    if (result_ >= 0 && count_ > 0) return {};
    return fail(Errc::invalid_config, from + ": holds no certificate in PEM that can be read (" +
                                          gnutls_strerror(result_) + ")");
  }
  [[nodiscard]] gnutls_x509_crt_t* data() const { return certificates_; }
  [[nodiscard]] unsigned size() const { return count_; }

 private:
  gnutls_x509_crt_t* certificates_ = nullptr;
  unsigned count_ = 0;
  int result_ = 0;
};

Result<void> check_key(const WebTls& tls) {
  gnutls_x509_privkey_t raw = nullptr;
  if (gnutls_x509_privkey_init(&raw) < 0) return fail(Errc::system, "no memory for a key");
  const std::unique_ptr<gnutls_x509_privkey_int, FreeKey> key(raw);
  const auto datum = datum_of(tls.key);
  const int result = gnutls_x509_privkey_import2(raw, &datum, GNUTLS_X509_FMT_PEM, nullptr, 0);
  if (result >= 0) return {};
  return fail(Errc::invalid_config, tls.key_from +
                                        ": holds no private key in PEM, without a password, that "
                                        "can be read (" +
                                        gnutls_strerror(result) + ")");
}

Result<void> check_pair(const WebTls& tls) {
  gnutls_certificate_credentials_t raw = nullptr;
  if (gnutls_certificate_allocate_credentials(&raw) < 0) {
    return fail(Errc::system, "no memory for a certificate");
  }
  const std::unique_ptr<gnutls_certificate_credentials_st,
                        decltype([](auto* it) { gnutls_certificate_free_credentials(it); })>
      credentials(raw);
  const auto certificate = datum_of(tls.certificate);
  const auto key = datum_of(tls.key);
  const int result =
      gnutls_certificate_set_x509_key_mem(raw, &certificate, &key, GNUTLS_X509_FMT_PEM);
  if (result >= 0) return {};
  return fail(Errc::invalid_config, tls.key_from + ": is not the key of the certificate in " +
                                        tls.certificate_from + " (" + gnutls_strerror(result) +
                                        ")");
}

/// An address as Go writes it: IPv4 also where it stands in an IPv6 address.
std::string address_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  in6_addr address{};
  constexpr std::size_t ipv4_size = sizeof(in_addr);
  if (bytes.size() == sizeof address) std::ranges::copy(bytes, reinterpret_cast<char*>(&address));
  const bool is_mapped = bytes.size() == sizeof address && IN6_IS_ADDR_V4MAPPED(&address) != 0;
  if (is_mapped) bytes.remove_prefix(bytes.size() - ipv4_size);
  if (bytes.size() != ipv4_size && bytes.size() != sizeof address) return {};
  const int family = bytes.size() == ipv4_size ? AF_INET : AF_INET6;
  const char* const written = ::inet_ntop(family, bytes.data(), text.data(), text.size());
  return written == nullptr ? std::string{} : std::string(written);
}

/// Every alternative name of the certificate of the kinds that can be allowed.
std::vector<std::string> names_of(gnutls_x509_crt_t certificate) {
  std::vector<std::string> names;
  for (unsigned i = 0;; ++i) {
    std::string name(1024, '\0');
    auto size = name.size();
    unsigned type = 0;
    auto result =
        gnutls_x509_crt_get_subject_alt_name2(certificate, i, name.data(), &size, &type, nullptr);
    if (result == GNUTLS_E_SHORT_MEMORY_BUFFER) continue;  // no name that anybody allows
    if (result < 0) return names;
    name.resize(size);
    if (type == GNUTLS_SAN_IPADDRESS) name = address_text(name);
    const bool counts = type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME ||
                        type == GNUTLS_SAN_URI || type == GNUTLS_SAN_IPADDRESS;
    if (counts && !name.empty()) names.push_back(std::move(name));
  }
}

}  // namespace

Result<std::string> tls_priorities(const WebTls& tls) {
  const auto parts = suite_parts(tls);
  if (!parts) return std::unexpected(parts.error());
  Keywords spoken;
  for (const auto& [version, keyword] : versions) {
    if (version >= tls.min_version && version <= tls.max_version) spoken.add(keyword);
  }
  return "NORMAL:-VERS-ALL" + spoken.text() + ":-KX-ALL" + parts->key_exchanges.text() +
         ":-CIPHER-ALL" + parts->ciphers.text() + ":-MAC-ALL" + parts->macs.text() +
         group_keywords(tls.curve_preferences);
}

Result<void> check_tls(const WebTls& tls) {
  const CertificateList certificates(tls.certificate);
  if (auto read = certificates.outcome(tls.certificate_from); !read) return read;
  if (auto read = check_key(tls); !read) return read;
  if (auto match = check_pair(tls); !match) return match;
  if (!tls.client_ca.empty()) {
    if (auto read = CertificateList(tls.client_ca).outcome(tls.client_ca_from); !read) return read;
  }
  const auto priorities = tls_priorities(tls);
  if (!priorities) return std::unexpected(priorities.error());
  gnutls_priority_t parsed = nullptr;
  const int result = gnutls_priority_init(&parsed, priorities->c_str(), nullptr);
  if (result < 0) {
    return refused(
        std::string("min_version: this system's GnuTLS refuses the versions and suites (") +
        gnutls_strerror(result) + ")");
  }
  gnutls_priority_deinit(parsed);
  return {};
}

// --- what a client shows ------------------------------------------------------------------------

namespace {

/// The certificates that the client of a session has sent, its own first.
class ClientChain {
 public:
  explicit ClientChain(gnutls_session_t session) {
    constexpr unsigned longest = 16;
    unsigned count = 0;
    const auto* const sent = gnutls_certificate_get_peers(session, &count);
    if (sent == nullptr) return;
    is_readable_ = count <= longest;
    for (unsigned i = 0; is_readable_ && i < count; ++i) {
      gnutls_x509_crt_t certificate = nullptr;
      is_readable_ = gnutls_x509_crt_init(&certificate) >= 0;
      if (!is_readable_) return;
      certificates_.push_back(certificate);
      is_readable_ = gnutls_x509_crt_import(certificate, &sent[i], GNUTLS_X509_FMT_DER) >= 0;
    }
  }
  ~ClientChain() {
    for (auto* const certificate : certificates_) gnutls_x509_crt_deinit(certificate);
  }
  ClientChain(const ClientChain&) = delete;
  ClientChain& operator=(const ClientChain&) = delete;

  [[nodiscard]] bool is_readable() const { return is_readable_; }
  [[nodiscard]] bool empty() const { return certificates_.empty(); }
  [[nodiscard]] gnutls_x509_crt_t own() const { return certificates_.front(); }
  /// GnuTLS sorts the chain.
  [[nodiscard]] bool is_signed_by(gnutls_x509_trust_list_t trusted) {
    std::string use = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st wanted{.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                 .data = reinterpret_cast<unsigned char*>(use.data()),
                                 .size = 0};
    unsigned problems = 0;
    const int result = gnutls_x509_trust_list_verify_crt2(
        trusted, certificates_.data(), static_cast<unsigned>(certificates_.size()), &wanted, 1, 0,
        &problems, nullptr);
    return result >= 0 && problems == 0;
  }

 private:
  bool is_readable_ = true;
  std::vector<gnutls_x509_crt_t> certificates_;
};

}  // namespace

struct ClientCertificates::Impl {
  ClientAuth client_auth = ClientAuth::none;
  std::vector<std::string> allowed_sans;
  gnutls_x509_trust_list_t trusted = nullptr;  ///< null: none

  Impl() = default;
  ~Impl() {
    if (trusted != nullptr) gnutls_x509_trust_list_deinit(trusted, 1);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] bool accepts(ClientChain& chain) const;
  [[nodiscard]] bool requires_one() const {
    return client_auth == ClientAuth::require_any || client_auth == ClientAuth::require_and_verify;
  }
  [[nodiscard]] bool verifies() const {
    return client_auth == ClientAuth::verify_if_given ||
           client_auth == ClientAuth::require_and_verify;
  }
};

bool ClientCertificates::Impl::accepts(ClientChain& chain) const {
  if (!chain.is_readable()) return false;
  if (chain.empty()) return !requires_one();
  if (verifies() && (trusted == nullptr || !chain.is_signed_by(trusted))) return false;
  if (allowed_sans.empty()) return true;
  return std::ranges::any_of(names_of(chain.own()), [this](const std::string& name) {
    return std::ranges::find(allowed_sans, name) != allowed_sans.end();
  });
}

ClientCertificates::ClientCertificates(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientCertificates::~ClientCertificates() = default;

Result<std::shared_ptr<const ClientCertificates>> ClientCertificates::make(const WebTls& tls) {
  auto impl = std::make_unique<Impl>();
  impl->client_auth = tls.client_auth;
  impl->allowed_sans = tls.client_allowed_sans;
  if (!tls.client_ca.empty()) {
    if (auto read = CertificateList(tls.client_ca).outcome(tls.client_ca_from); !read) {
      return std::unexpected(read.error());
    }
    const auto ca = datum_of(tls.client_ca);
    if (gnutls_x509_trust_list_init(&impl->trusted, 0) < 0 ||
        gnutls_x509_trust_list_add_trust_mem(impl->trusted, &ca, nullptr, GNUTLS_X509_FMT_PEM, 0,
                                             0) <= 0) {
      return fail(Errc::invalid_config, tls.client_ca_from + ": cannot be trusted");
    }
  }
  return std::shared_ptr<const ClientCertificates>(new ClientCertificates(std::move(impl)));
}

void ClientCertificates::prepare(gnutls_session_t session) const {
  if (impl_->client_auth == ClientAuth::none) {
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_IGNORE);
    return;
  }
  gnutls_certificate_server_set_request(
      session, impl_->requires_one() ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
  gnutls_db_set_ptr(session, impl_.get());
  gnutls_session_set_verify_function(session, [](gnutls_session_t verified) noexcept {
    const auto* const self = static_cast<const Impl*>(gnutls_db_get_ptr(verified));
    try {
      ClientChain chain(verified);
      return self != nullptr && self->accepts(chain) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
    } catch (...) {  // no memory, and no exception may cross GnuTLS, which is C
      return GNUTLS_E_MEMORY_ERROR;
    }
  });
}

}  // namespace tidegauge::web
