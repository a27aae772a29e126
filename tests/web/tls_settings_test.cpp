#include "web/tls_settings.h"

#include <fcntl.h>
#include <gnutls/x509.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "support/temporary_directory.h"
#include "support/tls_front.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using config::ClientAuth;
using config::TlsVersion;
using config::WebTls;
using test::contains;
using test::error_of;
using test::value_of;
using web::check_tls;
using web::ClientCertificates;
using web::tls_priorities;

namespace {

/// The suites that GnuTLS enables for a priority string, by their names in GnuTLS.
std::set<std::string> enabled_suites(const std::string& priorities) {
  gnutls_priority_t parsed = nullptr;
  const char* error_at = "";
  if (gnutls_priority_init(&parsed, priorities.c_str(), &error_at) < 0) {
    FAIL("not a priority string: " << priorities << " at " << error_at);
  }
  std::set<std::string> names;
  unsigned index = 0;
  for (unsigned i = 0;; ++i) {
    const int result = gnutls_priority_get_cipher_suite_index(parsed, i, &index);
    if (result == GNUTLS_E_UNKNOWN_CIPHER_SUITE) continue;
    if (result < 0) break;
    std::array<unsigned char, 2> id{};
    names.insert(gnutls_cipher_suite_info(index, id.data(), nullptr, nullptr, nullptr, nullptr));
  }
  gnutls_priority_deinit(parsed);
  return names;
}

WebTls with_suites(std::vector<std::string> suites, TlsVersion least, TlsVersion most) {
  WebTls tls;
  tls.cipher_suites = std::move(suites);
  tls.min_version = least;
  tls.max_version = most;
  return tls;
}

/// How a handshake ended, for each side: 0 is success.
struct Outcome {
  int server = 0;
  int client = 0;
  std::string version;  ///< of a success
};

using Pem = std::unique_ptr<gnutls_certificate_credentials_st,
                            decltype([](auto* it) { gnutls_certificate_free_credentials(it); })>;

Pem loaded(const test::Credentials& files) {
  gnutls_certificate_credentials_t made = nullptr;
  REQUIRE(gnutls_certificate_allocate_credentials(&made) == 0);
  Pem credentials(made);
  if (!files.cert_file.empty()) {
    REQUIRE(gnutls_certificate_set_x509_key_file(made, files.cert_file.c_str(),
                                                 files.key_file.c_str(), GNUTLS_X509_FMT_PEM) >= 0);
  }
  return credentials;
}

class Session {
 public:
  Session(unsigned flags, const std::string& priorities, const Pem& credentials, int fd) {
    REQUIRE(gnutls_init(&session_, flags | GNUTLS_NONBLOCK) == 0);
    REQUIRE(gnutls_priority_set_direct(session_, priorities.c_str(), nullptr) == 0);
    REQUIRE(gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials.get()) == 0);
    gnutls_transport_set_int(session_, fd);
  }
  ~Session() { gnutls_deinit(session_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] gnutls_session_t get() const { return session_; }
  /// Goes on as far as it can.
  void advance() {
    if (result_ == GNUTLS_E_AGAIN) result_ = gnutls_handshake(session_);
  }
  [[nodiscard]] int result() const { return result_; }

 private:
  gnutls_session_t session_ = nullptr;
  int result_ = GNUTLS_E_AGAIN;
};

/// A certificate authority, a server's certificate, and handshakes with it.
struct Scene {
  test::TemporaryDirectory directory;
  test::CertificateAuthority ca{directory, "ca"};
  test::CertificateAuthority other_ca{directory, "other"};
  test::Credentials server = ca.issue("server", "localhost");

  [[nodiscard]] WebTls tls() const {
    WebTls tls;
    tls.certificate = test::read_file(server.cert_file);
    tls.certificate_from = "server-cert.pem";
    tls.key = test::read_file(server.key_file);
    tls.key_from = "server-key.pem";
    return tls;
  }
  [[nodiscard]] WebTls asking(ClientAuth auth) const {
    auto settings = tls();
    settings.client_auth = auth;
    settings.client_ca = test::read_file(ca.file());
    settings.client_ca_from = "ca.pem";
    return settings;
  }
  [[nodiscard]] Outcome handshake(const WebTls& settings, const test::Credentials& client,
                                  const std::string& client_priorities = "NORMAL") const {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
    const UniqueFd server_end(ends[0]);
    const UniqueFd client_end(ends[1]);
    const auto server_credentials = loaded(server);
    const auto client_credentials = loaded(client);
    const auto asked = value_of(ClientCertificates::make(settings));
    Session serving(GNUTLS_SERVER, value_of(tls_priorities(settings)), server_credentials,
                    server_end.get());
    Session asking(GNUTLS_CLIENT, client_priorities, client_credentials, client_end.get());
    asked->prepare(serving.get());
    for (int i = 0; i < 20; ++i) {
      asking.advance();
      serving.advance();
    }
    Outcome outcome{.server = serving.result(), .client = asking.result(), .version = {}};
    if (outcome.server == 0) {
      outcome.version = gnutls_protocol_get_name(gnutls_protocol_get_version(serving.get()));
    }
    return outcome;
  }
  /// Whether the server accepts the client, by both versions.
  [[nodiscard]] bool accepts(const WebTls& settings, const test::Credentials& client) const {
    const auto one = handshake(settings, client, "NORMAL:-VERS-ALL:+VERS-TLS1.2").server == 0;
    const auto two = handshake(settings, client, "NORMAL:-VERS-ALL:+VERS-TLS1.3").server == 0;
    CHECK(one == two);
    return two;
  }
};

}  // namespace

TEST_CASE("without a list the suites are those that Go calls secure") {
  const std::set<std::string> of_tls13{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                       "TLS_CHACHA20_POLY1305_SHA256"};
  std::set<std::string> of_tls12;
  for (const std::string exchange : {"ECDSA", "RSA"}) {
    for (const auto* rest : {"_AES_128_GCM_SHA256", "_AES_256_GCM_SHA384", "_CHACHA20_POLY1305",
                             "_AES_128_CBC_SHA1", "_AES_256_CBC_SHA1"}) {
      of_tls12.insert("TLS_ECDHE_" + exchange + rest);
    }
  }
  auto all = of_tls12;
  all.insert(of_tls13.begin(), of_tls13.end());
  CHECK(enabled_suites(value_of(tls_priorities({}))) == all);
  CHECK(enabled_suites(value_of(
            tls_priorities(with_suites({}, TlsVersion::tls13, TlsVersion::tls13)))) == of_tls13);
  CHECK(enabled_suites(value_of(
            tls_priorities(with_suites({}, TlsVersion::tls10, TlsVersion::tls12)))) == of_tls12);
}

TEST_CASE("a list of suites for TLS 1.2 is exactly what GnuTLS enables") {
  const std::vector<std::pair<std::string, std::string>> names{
      {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_AES_128_GCM_SHA256"},
      {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_AES_128_GCM_SHA256"},
      {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_AES_256_GCM_SHA384"},
      {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_AES_256_GCM_SHA384"},
      {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_CHACHA20_POLY1305"},
      {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_CHACHA20_POLY1305"},
      {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_AES_128_CBC_SHA1"},
      {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_AES_128_CBC_SHA1"},
      {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_ECDSA_AES_256_CBC_SHA1"},
      {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_AES_256_CBC_SHA1"}};
  const auto enabled = [](const std::vector<std::string>& list) {
    return tls_priorities(with_suites(list, TlsVersion::tls12, TlsVersion::tls12));
  };
  for (const auto& [name, of_gnutls] : names) {
    INFO(name);
    CHECK(enabled_suites(value_of(enabled({name}))) == std::set{of_gnutls});
  }
  for (const auto& [first, first_of_gnutls] : names) {
    for (const auto& [second, second_of_gnutls] : names) {
      INFO(first << " " << second);
      const auto pair = enabled({first, second});
      if (pair) {
        CHECK(enabled_suites(*pair) == std::set{first_of_gnutls, second_of_gnutls});
      } else {
        CHECK_THAT(pair.error().message,
                   contains("cipher_suites: the list would allow TLS_ECDHE_"));
      }
    }
  }
}

TEST_CASE("a list of suites that GnuTLS cannot have is refused with the suite that is missing") {
  const auto refusal = [](std::vector<std::string> list, TlsVersion least, TlsVersion most) {
    return error_of(tls_priorities(with_suites(std::move(list), least, most))).message;
  };
  CHECK_THAT(
      refusal({"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
              TlsVersion::tls12, TlsVersion::tls13),
      contains("would allow TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 as well"));
  CHECK_THAT(refusal({"TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
                     TlsVersion::tls12, TlsVersion::tls13),
             contains("would allow TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 as well"));
  CHECK_THAT(refusal({"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"}, TlsVersion::tls12, TlsVersion::tls13),
             contains("no cipher of TLS 1.3") && contains("set max_version to TLS12"));
  CHECK_THAT(refusal({"TLS_AES_128_GCM_SHA256"}, TlsVersion::tls12, TlsVersion::tls13),
             contains("no suite of TLS 1.2 or older") && contains("set min_version to TLS13"));
}

TEST_CASE("of TLS 1.3 the suites with the ciphers of the list are enabled") {
  CHECK(enabled_suites(value_of(tls_priorities(with_suites(
            {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"}, TlsVersion::tls12, TlsVersion::tls13)))) ==
        std::set<std::string>{"TLS_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_AES_256_GCM_SHA384"});
  CHECK(enabled_suites(value_of(tls_priorities(with_suites(
            {"TLS_CHACHA20_POLY1305_SHA256"}, TlsVersion::tls13, TlsVersion::tls13)))) ==
        std::set<std::string>{"TLS_CHACHA20_POLY1305_SHA256"});
}

TEST_CASE("a handshake has a version between the least and the greatest") {
  const Scene scene;
  const auto version = [&](TlsVersion least, TlsVersion most, const std::string& client) {
    auto settings = scene.tls();
    settings.min_version = least;
    settings.max_version = most;
    return scene.handshake(settings, {}, "NORMAL:-VERS-ALL:" + client).version;
  };
  const std::string all = "+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0";
  CHECK(version(TlsVersion::tls12, TlsVersion::tls13, all) == "TLS1.3");
  CHECK(version(TlsVersion::tls12, TlsVersion::tls12, all) == "TLS1.2");
  CHECK(version(TlsVersion::tls10, TlsVersion::tls11, all) == "TLS1.1");
  CHECK(version(TlsVersion::tls10, TlsVersion::tls10, all) == "TLS1.0");
  CHECK(version(TlsVersion::tls12, TlsVersion::tls13, "+VERS-TLS1.1").empty());
  CHECK(version(TlsVersion::tls13, TlsVersion::tls13, "+VERS-TLS1.2").empty());
}

TEST_CASE("a handshake has one of the curves") {
  const Scene scene;
  auto settings = scene.tls();
  settings.curve_preferences = {"X25519", "CurveP384"};
  const auto works = [&](const std::string& group) {
    return scene.handshake(settings, {}, "NORMAL:-GROUP-ALL:+GROUP-" + group).server == 0;
  };
  CHECK(works("X25519"));
  CHECK(works("SECP384R1"));
  CHECK_FALSE(works("SECP521R1"));
  CHECK_FALSE(works("SECP256R1"));
}

TEST_CASE("files that the server cannot use are named") {
  const Scene scene;
  CHECK(check_tls(scene.tls()));
  CHECK(check_tls(scene.asking(ClientAuth::require_and_verify)));
  auto settings = scene.tls();
  settings.certificate = "nothing";
  CHECK_THAT(error_of(check_tls(settings)).message,
             contains("server-cert.pem: holds no certificate in PEM that can be read ("));
  settings = scene.tls();
  settings.key = settings.certificate;
  CHECK_THAT(error_of(check_tls(settings)).message,
             contains("server-key.pem: holds no private key in PEM, without a password"));
  settings = scene.tls();
  settings.key = test::read_file(scene.ca.issue("second", "localhost").key_file);
  CHECK_THAT(error_of(check_tls(settings)).message,
             contains("server-key.pem: is not the key of the certificate in server-cert.pem"));
  settings = scene.asking(ClientAuth::request);
  settings.client_ca = settings.key;
  CHECK_THAT(error_of(check_tls(settings)).message,
             contains("ca.pem: holds no certificate in PEM that can be read ("));
  CHECK_FALSE(ClientCertificates::make(settings));
  settings = scene.tls();
  settings.cipher_suites = {"TLS_AES_128_GCM_SHA256"};
  CHECK_THAT(error_of(check_tls(settings)).message, contains("tls_server_config.cipher_suites: "));
}

TEST_CASE("a client needs the certificate that its type says") {
  const Scene scene;
  const test::Credentials none;
  const auto known = scene.ca.issue("known", "client.example");
  const auto expired = scene.ca.issue("expired", "client.example", test::Dates::expired);
  const auto unknown = scene.other_ca.issue("unknown", "client.example");
  struct Row {
    ClientAuth auth;
    bool none;
    bool unknown;
    bool expired;
    bool known;
  };
  for (const auto& row : {Row{ClientAuth::none, true, true, true, true},
                          Row{ClientAuth::request, true, true, true, true},
                          Row{ClientAuth::require_any, false, true, true, true},
                          Row{ClientAuth::verify_if_given, true, false, false, true},
                          Row{ClientAuth::require_and_verify, false, false, false, true}}) {
    INFO(static_cast<int>(row.auth));
    const auto settings = scene.asking(row.auth);
    CHECK(scene.accepts(settings, none) == row.none);
    CHECK(scene.accepts(settings, unknown) == row.unknown);
    CHECK(scene.accepts(settings, expired) == row.expired);
    CHECK(scene.accepts(settings, known) == row.known);
  }
}

TEST_CASE("a client's certificate must have an allowed name of any kind, in the same letters") {
  const Scene scene;
  for (const std::string name : {"client.example", "10.1.2.3", "2001:db8::1", "::ffff:10.9.8.7",
                                 "someone@example.org", "spiffe://example.org/client"}) {
    INFO(name);
    const auto client = scene.ca.issue("named", name);
    const auto allows = [&](std::vector<std::string> allowed) {
      auto settings = scene.asking(ClientAuth::require_and_verify);
      settings.client_allowed_sans = std::move(allowed);
      return scene.accepts(settings, client);
    };
    const auto written = name == "::ffff:10.9.8.7" ? "10.9.8.7" : name;  // as Go writes it
    CHECK(allows({"other.example", written}));
    CHECK_FALSE(allows({"other.example", "named", "*", ".example", written + "x"}));
  }
}

TEST_CASE("an allowed name does not make up for a certificate of another authority") {
  const Scene scene;
  const auto stranger = scene.other_ca.issue("stranger", "client.example");
  auto settings = scene.asking(ClientAuth::require_and_verify);
  settings.client_allowed_sans = {"client.example"};
  CHECK_FALSE(scene.accepts(settings, stranger));
  settings.client_auth = ClientAuth::require_any;
  CHECK(scene.accepts(settings, stranger));
  settings.client_allowed_sans = {"server.example"};
  CHECK_FALSE(scene.accepts(settings, stranger));
}
