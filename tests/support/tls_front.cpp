#include "support/tls_front.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace tidegauge::test {
namespace {

void check(int result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string(what) + ": " + gnutls_strerror(result));
}

/// Frees what GnuTLS has allocated.
class Datum {
 public:
  Datum() = default;
  Datum(const Datum&) = delete;
  Datum& operator=(const Datum&) = delete;
  ~Datum() { gnutls_free(datum_.data); }
  gnutls_datum_t* get() { return &datum_; }
  [[nodiscard]] std::string_view text() const {
    return {reinterpret_cast<const char*>(datum_.data), datum_.size};
  }

 private:
  gnutls_datum_t datum_{};
};

void set_host(gnutls_x509_crt_t certificate, const std::string& host) {
  auto type = GNUTLS_SAN_DNSNAME;
  if (host.contains('@')) type = GNUTLS_SAN_RFC822NAME;
  if (host.contains("://")) type = GNUTLS_SAN_URI;
  auto name = host;
  for (const auto& [family, size] :
       {std::pair(AF_INET, sizeof(in_addr)), std::pair(AF_INET6, sizeof(in6_addr))}) {
    std::string address(size, '\0');
    if (::inet_pton(family, host.c_str(), address.data()) != 1) continue;
    type = GNUTLS_SAN_IPADDRESS;
    name = address;
  }
  check(gnutls_x509_crt_set_subject_alt_name(certificate, type, name.data(),
                                             static_cast<unsigned>(name.size()), GNUTLS_FSAN_SET),
        "the name of a certificate");
}

}  // namespace

/// A certificate and its key.
struct CertificateAuthority::Pair {
  explicit Pair(const std::string& name, Dates dates) {
    check(gnutls_x509_crt_init(&certificate), "a certificate");
    check(gnutls_x509_privkey_init(&key), "a key");
    check(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                       GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
          "a key");
    constexpr std::time_t day = 86'400;
    static std::atomic<unsigned char> last_serial = 0;
    const unsigned char serial = ++last_serial;
    const auto now = std::time(nullptr);
    check(gnutls_x509_crt_set_version(certificate, 3), "a version");
    check(gnutls_x509_crt_set_serial(certificate, &serial, 1), "a serial number");
    check(gnutls_x509_crt_set_dn(certificate, ("CN=" + name).c_str(), nullptr), "a subject");
    check(gnutls_x509_crt_set_activation_time(certificate, now - 2 * day), "a date");
    check(gnutls_x509_crt_set_expiration_time(certificate,
                                              dates == Dates::valid ? now + day : now - day),
          "a date");
    check(gnutls_x509_crt_set_key(certificate, key), "a key");
  }
  ~Pair() {
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void sign(const Pair& issuer) const {
    check(gnutls_x509_crt_sign2(certificate, issuer.certificate, issuer.key, GNUTLS_DIG_SHA256, 0),
          "a signature");
  }
  [[nodiscard]] std::string write_certificate(const TemporaryDirectory& directory,
                                              const std::string& name) const {
    Datum pem;
    check(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, pem.get()), "an export");
    return directory.write(name, pem.text());
  }
  [[nodiscard]] std::string write_key(const TemporaryDirectory& directory,
                                      const std::string& name) const {
    Datum pem;
    check(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, pem.get()), "an export");
    return directory.write(name, pem.text());
  }

  gnutls_x509_crt_t certificate = nullptr;
  gnutls_x509_privkey_t key = nullptr;
};

CertificateAuthority::CertificateAuthority(const TemporaryDirectory& directory,
                                           const std::string& name)
    : directory_(directory), name_(name), self_(std::make_unique<Pair>(name, Dates::valid)) {
  check(gnutls_x509_crt_set_basic_constraints(self_->certificate, 1, -1), "a constraint");
  check(gnutls_x509_crt_set_key_usage(self_->certificate, GNUTLS_KEY_KEY_CERT_SIGN), "a usage");
  self_->sign(*self_);
  static_cast<void>(self_->write_certificate(directory_, name_ + ".pem"));
}

CertificateAuthority::~CertificateAuthority() = default;

Credentials CertificateAuthority::issue(const std::string& name, const std::string& host,
                                        Dates dates) const {
  const Pair pair(name, dates);
  set_host(pair.certificate, host);
  check(gnutls_x509_crt_set_key_purpose_oid(pair.certificate, GNUTLS_KP_TLS_WWW_SERVER, 0), "use");
  check(gnutls_x509_crt_set_key_purpose_oid(pair.certificate, GNUTLS_KP_TLS_WWW_CLIENT, 0), "use");
  pair.sign(*self_);
  return {.cert_file = pair.write_certificate(directory_, name + "-cert.pem"),
          .key_file = pair.write_key(directory_, name + "-key.pem")};
}

// --- the server's side --------------------------------------------------------------------------

namespace {

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

UniqueFd listen_on_loopback(std::uint16_t& port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), generic, size) != 0 || ::listen(socket.get(), 64) != 0 ||
      ::getsockname(socket.get(), generic, &size) != 0) {
    throw_errno("a port of 127.0.0.1");
  }
  port = ntohs(address.sin_port);
  return socket;
}

UniqueFd connect_to(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof address) != 0) return {};
  return socket;
}

/// The session of one connection, with what belongs to it.
class Session {
 public:
  Session(int socket, const TlsFrontOptions& options) : socket_(socket) {
    check(gnutls_certificate_allocate_credentials(&credentials_), "credentials");
    check(
        gnutls_certificate_set_x509_key_file(credentials_, options.server.cert_file.c_str(),
                                             options.server.key_file.c_str(), GNUTLS_X509_FMT_PEM),
        "the server's certificate");
    check(gnutls_init(&session_, GNUTLS_SERVER | GNUTLS_NO_SIGNAL), "a session");
    check(gnutls_priority_set_direct(session_, options.protocols.c_str(), nullptr), "protocols");
    check(gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials_), "credentials");
    check(gnutls_session_ticket_key_generate(ticket_key_.get()), "a ticket key");
    check(gnutls_session_ticket_enable_server(session_, ticket_key_.get()), "tickets");
    if (!options.client_ca.empty()) {
      check(gnutls_certificate_set_x509_trust_file(credentials_, options.client_ca.c_str(),
                                                   GNUTLS_X509_FMT_PEM),
            "the clients' CA");
      gnutls_certificate_server_set_request(session_, GNUTLS_CERT_REQUIRE);
      gnutls_session_set_verify_cert(session_, nullptr, 0);
    }
    gnutls_transport_set_int(session_, socket);
  }
  ~Session() {
    gnutls_deinit(session_);
    gnutls_certificate_free_credentials(credentials_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool shake_hands() {
    int result = 0;
    do {
      result = gnutls_handshake(session_);
    } while (result < 0 && gnutls_error_is_fatal(result) == 0);
    if (result < 0) gnutls_alert_send_appropriate(session_, result);
    return result >= 0;
  }

  /// Moves bytes both ways until one side ends.
  void pump(int plain) {
    std::array<char, 16'384> buffer{};
    while (true) {
      std::array<pollfd, 2> ready{{{socket_, POLLIN, 0}, {plain, POLLIN, 0}}};
      if (gnutls_record_check_pending(session_) == 0 && ::poll(ready.data(), 2, -1) < 0) return;
      if (gnutls_record_check_pending(session_) > 0 || ready[0].revents != 0) {
        const auto size = gnutls_record_recv(session_, buffer.data(), buffer.size());
        if (size == 0 || (size < 0 && gnutls_error_is_fatal(static_cast<int>(size)) != 0)) return;
        if (size > 0 &&
            ::send(plain, buffer.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) != size) {
          return;
        }
      }
      if (ready[1].revents != 0) {
        const auto size = ::read(plain, buffer.data(), buffer.size());
        if (size <= 0) break;
        gnutls_record_send(session_, buffer.data(), static_cast<std::size_t>(size));
      }
    }
    gnutls_bye(session_, GNUTLS_SHUT_WR);
  }

 private:
  int socket_;
  gnutls_session_t session_ = nullptr;
  gnutls_certificate_credentials_t credentials_ = nullptr;
  Datum ticket_key_;
};

}  // namespace

Refuser::Refuser(std::string words)
    : listener_(listen_on_loopback(port_)), thread_([this, words = std::move(words)] {
        const UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket.valid()) return;
        std::array<char, 16'384> hello{};  // read, so that closing does not reset
        static_cast<void>(::recv(socket.get(), hello.data(), hello.size(), 0));
        static_cast<void>(::send(socket.get(), words.data(), words.size(), MSG_NOSIGNAL));
      }) {}

Refuser::~Refuser() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
}

TlsFront::TlsFront(std::string socket_path, TlsFrontOptions options)
    : socket_path_(std::move(socket_path)),
      options_(std::move(options)),
      listener_(listen_on_loopback(port_)),
      acceptor_([this] { accept_connections(); }) {}

TlsFront::~TlsFront() {
  stop_.signal();
  acceptor_.join();
  for (auto& connection : connections_) ::shutdown(connection.socket.get(), SHUT_RDWR);
  for (auto& connection : connections_) connection.thread.join();
}

void TlsFront::accept_connections() {
  while (true) {
    std::array<pollfd, 2> ready{{{listener_.get(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0 || ready[1].revents != 0) return;
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.valid()) continue;
    ++accepted_;
    const int descriptor = socket.get();
    connections_.push_back({std::move(socket), std::thread([=, this] { serve(descriptor); })});
  }
}

/// Whatever it ends with, the client gets to read all that was said before the socket goes.
void TlsFront::serve(int socket) {
  {
    Session session(socket, options_);
    if (session.shake_hands()) {
      if (const auto plain = connect_to(socket_path_); plain.valid()) session.pump(plain.get());
    }
  }
  ::shutdown(socket, SHUT_WR);
}

}  // namespace tidegauge::test
