// TLS, against a server on another TLS library.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <filesystem>
#include <functional>

#include "support/catch.h"
#include "support/child_process.h"
#include "support/eventually.h"
#include "support/http_server.h"
#include "support/temporary_directory.h"
#include "support/tls_front.h"
#include "tidegauge/http/curl_transport.h"
#include "tidegauge/util/unique_fd.h"

using namespace tidegauge;
using namespace std::chrono_literals;
using http::Limits;
using model::TlsFiles;
using test::CertificateAuthority;
using test::contains;
using test::Credentials;
using test::Dates;
using test::error_of;
using test::HttpServer;
using test::TemporaryDirectory;
using test::TlsFront;
using test::value_of;

namespace {

constexpr Limits patient{.connect = 10s, .first_byte = 10s, .stall = 10s, .total = 20s};

void greet(const test::Request& request, test::Exchange& exchange) {
  if (request.target == "/close") exchange.close();
  exchange.reply(200, {{"Api-Version", "1.41"}}, "hello");
}

/// What the server has beside a CA and a certificate for 127.0.0.1.
struct Wanted {
  bool client_certificate = false;
  std::string protocols = "NORMAL";
};

class Scene {
 public:
  explicit Scene(const Wanted& wanted = {})
      : Scene(wanted,
              [](const CertificateAuthority& ca) { return ca.issue("server", "127.0.0.1"); }) {}
  /// `issue` makes the certificate of the server.
  Scene(const Wanted& wanted, const std::function<Credentials(const CertificateAuthority&)>& issue)
      : server_(directory_.file("docker.sock"), greet),
        front_(directory_.file("docker.sock"),
               {.server = issue(ca_),
                .client_ca = wanted.client_certificate ? ca_.file() : std::string(),
                .protocols = wanted.protocols}) {}

  const TemporaryDirectory& directory() { return directory_; }
  CertificateAuthority& ca() { return ca_; }
  TlsFront& front() { return front_; }
  [[nodiscard]] TlsFiles trusting() const { return {.ca_file = ca_.file()}; }

  [[nodiscard]] TlsFiles showing(const Credentials& client) const {
    return {.ca_file = ca_.file(), .cert_file = client.cert_file, .key_file = client.key_file};
  }

  void use(const TlsFiles& tls,
           model::EngineAddress::Scheme scheme = model::EngineAddress::Scheme::tls) {
    connection_.reset();
    transport_ = std::make_unique<http::CurlTransport>(
        model::EngineAddress{
            .scheme = scheme, .path = "", .host = "127.0.0.1", .port = front_.port()},
        tls);
    connection_ = transport_->make();
  }
  http::Connection& connection() { return *connection_; }
  Result<http::Response> get(const std::string& target = "/") {
    return connection_->perform({.target = target, .limits = patient});
  }
  Error error_with(const TlsFiles& tls) {
    use(tls);
    return error_of(get());
  }

 private:
  TemporaryDirectory directory_;
  CertificateAuthority ca_{directory_, "ca"};
  HttpServer server_;
  TlsFront front_;
  std::unique_ptr<http::CurlTransport> transport_;
  std::unique_ptr<http::Connection> connection_;
};

const std::string tls12 = "NORMAL:-VERS-TLS1.3";

}  // namespace

TEST_CASE("one TLS connection serves request after request, and is alive between them") {
  Scene scene({.protocols = GENERATE(as<std::string>{}, "NORMAL", tls12)});
  scene.use(scene.trusting());
  for (int i = 0; i < 3; ++i) {
    CHECK(value_of(scene.get()).body == "hello");
    CHECK(scene.connection().alive());
  }
  CHECK(scene.connection().last_transfer().reused_socket);
  CHECK(scene.front().accepted() == 1);
}

TEST_CASE("a TLS connection that the Engine has closed is not alive, and the next call opens one") {
  Scene scene;
  scene.use(scene.trusting());
  value_of(scene.get("/close"));
  REQUIRE(test::eventually([&] { return !scene.connection().alive(); }));
  scene.connection().close();  // as the pool does
  value_of(scene.get());
  CHECK(scene.front().accepted() == 2);
}

TEST_CASE("a client certificate is sent if the Engine asks for one") {
  Scene scene(
      {.client_certificate = true, .protocols = GENERATE(as<std::string>{}, "NORMAL", tls12)});
  scene.use(scene.showing(scene.ca().issue("client", "client")));
  CHECK(value_of(scene.get()).body == "hello");
}

TEST_CASE("the error about a missing client certificate names the options") {
  Scene scene(
      {.client_certificate = true, .protocols = GENERATE(as<std::string>{}, "NORMAL", tls12)});
  const auto error = scene.error_with(scene.trusting());
  CHECK(error.code == Errc::misconfigured);
  CHECK_THAT(error.message, contains("refuses the TLS handshake: "));
  CHECK_THAT(error.message, contains("set tls_cert_file and tls_key_file"));
}

TEST_CASE("the error about a client certificate of an unknown CA names the file") {
  Scene scene(
      {.client_certificate = true, .protocols = GENERATE(as<std::string>{}, "NORMAL", tls12)});
  const CertificateAuthority other(scene.directory(), "other");
  const auto error = scene.error_with(scene.showing(other.issue("stranger", "client")));
  CHECK(error.code == Errc::misconfigured);
  CHECK_THAT(error.message, contains("stranger-cert.pem signed by a CA that it trusts"));
}

TEST_CASE("the error about an expired client certificate names the file") {
  Scene scene({.client_certificate = true});
  const auto error =
      scene.error_with(scene.showing(scene.ca().issue("old", "client", Dates::expired)));
  CHECK(error.code == Errc::misconfigured);
  CHECK_THAT(error.message, contains("old-cert.pem"));
}

TEST_CASE("an Engine with a certificate of another CA gets no request") {
  Scene scene;
  const CertificateAuthority other(scene.directory(), "other");
  const auto error = scene.error_with({.ca_file = other.file()});
  CHECK(error.code == Errc::misconfigured);
  CHECK_THAT(error.message, contains("is not accepted: "));
  CHECK_THAT(error.message, contains("; is " + other.file() + " the CA that has signed it?"));

  const auto of_system = scene.error_with({});
  CHECK(of_system.code == Errc::misconfigured);
  CHECK_THAT(of_system.message, contains("; set tls_ca_file to the CA"));
}

namespace {

/// This thread sees another directory in place of the certificates of the system.
class SystemCertificates {
 public:
  explicit SystemCertificates(const std::string& directory)
      : before_(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC)),
        unshared_(::unshare(CLONE_NEWNS) == 0),
        made_(unshared_ && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
              ::mount(directory.c_str(), "/etc/ssl/certs", nullptr, MS_BIND, nullptr) == 0) {}
  SystemCertificates(const SystemCertificates&) = delete;
  SystemCertificates& operator=(const SystemCertificates&) = delete;
  ~SystemCertificates() {
    if (unshared_) CHECK(::setns(before_.get(), CLONE_NEWNS) == 0);
  }

  [[nodiscard]] bool made() const { return made_; }

 private:
  UniqueFd before_;
  bool unshared_;
  bool made_;
};

/// The name by which OpenSSL finds a certificate in a directory.
std::string hash_of(const std::string& certificate) {
  test::ChildProcess openssl(
      test::command_in_path({"openssl", "x509", "-noout", "-hash", "-in", certificate}),
      test::path_variable());
  REQUIRE(openssl.wait() == 0);
  const auto output = openssl.output();
  return output.substr(0, output.find('\n'));
}

}  // namespace

TEST_CASE("a CA that the options name replaces all CAs of the system, also their directory") {
  Scene scene;
  const TemporaryDirectory system;
  const CertificateAuthority other(scene.directory(), "other");
  std::filesystem::copy_file(other.file(), system.file("ca-certificates.crt"));
  std::filesystem::copy_file(scene.ca().file(), system.file(hash_of(scene.ca().file()) + ".0"));
  const SystemCertificates certificates(system.path());
  if (!certificates.made()) {
    WARN("NOT TESTED: a mount namespace needs root");
    return;
  }
  scene.use({});
  CHECK(value_of(scene.get()).body == "hello");  // the system has the CA
  CHECK(scene.error_with({.ca_file = other.file()}).code == Errc::misconfigured);
}

TEST_CASE("an Engine with an expired certificate gets no request") {
  Scene scene({}, [](const CertificateAuthority& ca) {
    return ca.issue("server", "127.0.0.1", Dates::expired);
  });
  const auto error = scene.error_with(scene.trusting());
  CHECK(error.code == Errc::misconfigured);
  CHECK_THAT(error.message, contains("has expired; renew it"));
}

TEST_CASE("an Engine with a certificate for another name gets no request") {
  Scene scene({}, [](const CertificateAuthority& ca) { return ca.issue("server", "example.org"); });
  const auto error = scene.error_with(scene.trusting());
  CHECK(error.code == Errc::misconfigured);
  CHECK_THAT(error.message, contains("; use a name or address that it is for"));
}

TEST_CASE("without verification any certificate is accepted") {
  Scene scene({}, [](const CertificateAuthority& ca) {
    return ca.issue("server", "example.org", Dates::expired);
  });
  scene.use({.verify = false});
  CHECK(value_of(scene.get()).body == "hello");
}

TEST_CASE("the error about an unusable TLS file names the file") {
  Scene scene({.client_certificate = true});
  const auto client = scene.ca().issue("client", "client");
  const auto other = scene.ca().issue("other", "client");
  const auto none = scene.directory().file("none.pem");

  const auto no_ca = scene.error_with({.ca_file = none});
  CHECK(no_ca.code == Errc::misconfigured);
  CHECK_THAT(no_ca.message, contains(none + " cannot be read: No such file or directory"));

  const auto no_key = scene.error_with(scene.showing({client.cert_file, none}));
  CHECK(no_key.code == Errc::misconfigured);
  CHECK_THAT(no_key.message, contains(none + " cannot be read"));

  const auto wrong_key = scene.error_with(scene.showing({client.cert_file, other.key_file}));
  CHECK(wrong_key.code == Errc::misconfigured);
  CHECK_THAT(wrong_key.message, contains(other.key_file + " does not hold the key"));

  const auto no_pem = scene.error_with(
      scene.showing({scene.directory().write("text.pem", "text"), client.key_file}));
  CHECK(no_pem.code == Errc::misconfigured);
  CHECK_THAT(no_pem.message, contains("text.pem"));
}

TEST_CASE("the next connection uses certificates that were replaced on disk") {
  Scene scene({.client_certificate = true});
  const CertificateAuthority other(scene.directory(), "other");
  const auto client = other.issue("client", "client");
  const TlsFiles tls{
      .ca_file = other.file(), .cert_file = client.cert_file, .key_file = client.key_file};
  CHECK(scene.error_with(tls).code == Errc::misconfigured);

  const auto replace = [](const std::string& from, const std::string& to) {
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  };
  replace(scene.ca().file(), other.file());
  CHECK(error_of(scene.get()).code ==
        Errc::misconfigured);  // the client's certificate is still of the other CA
  static_cast<void>(scene.ca().issue("client", "client"));
  CHECK(value_of(scene.get()).body == "hello");
}

TEST_CASE("the error of TLS to a port of plain HTTP says so") {
  test::Refuser plain("HTTP/1.1 400 Bad Request\r\n\r\n");
  http::CurlTransport transport({.scheme = model::EngineAddress::Scheme::tls,
                                 .path = "",
                                 .host = "127.0.0.1",
                                 .port = plain.port()});
  const auto error = error_of(transport.make()->perform({.target = "/", .limits = patient}));
  CHECK(error.code == Errc::misconfigured);
  CHECK_THAT(error.message, contains("does not speak TLS; write tcp://"));
}

TEST_CASE("an Engine that hangs up during the handshake is an outage, not a mistake") {
  test::Refuser hasty("");
  http::CurlTransport transport({.scheme = model::EngineAddress::Scheme::tls,
                                 .path = "",
                                 .host = "127.0.0.1",
                                 .port = hasty.port()});
  const auto error = error_of(transport.make()->perform({.target = "/", .limits = patient}));
  CHECK(error.code == Errc::connection_lost);
  CHECK_THAT(error.message, contains("during the TLS handshake"));
}
