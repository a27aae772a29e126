#include "http/curl_error.h"

#include <cerrno>

#include "support/catch.h"

using namespace tidegauge;
using http::describe_failure;
using test::contains;

namespace {

const model::TlsFiles no_files;
const auto tcp = *model::parse_engine_address("tcp://engine:2375");
const auto tls = *model::parse_engine_address("https://engine:2376");
const auto local = *model::parse_engine_address("unix:///nowhere/docker.sock");

Error failure(const model::EngineAddress& address, CURLcode code, bool sent = false,
              int os_error = 0, std::string_view libcurl_says = {}) {
  return describe_failure({.address = address,
                           .tls = no_files,
                           .code = code,
                           .os_error = os_error,
                           .sent = sent,
                           .libcurl_says = libcurl_says});
}

}  // namespace

TEST_CASE("an address that refuses connections is unreachable, and the error names it") {
  const auto refused = failure(tcp, CURLE_COULDNT_CONNECT, false, ECONNREFUSED);
  CHECK(refused.code == Errc::unreachable);
  CHECK(refused.message == "tcp://engine:2375: Connection refused");
  const auto unknown = failure(tcp, CURLE_COULDNT_RESOLVE_HOST);
  CHECK(unknown.code == Errc::unreachable);
  CHECK_THAT(unknown.message, contains("tcp://engine:2375: "));
  CHECK(failure(local, CURLE_COULDNT_CONNECT, false, ENOENT).code == Errc::unreachable);
}

TEST_CASE("libcurl calls the path of a socket that is too long a host that it cannot resolve") {
  const auto error = failure(local, CURLE_COULDNT_RESOLVE_HOST);
  CHECK(error.code == Errc::misconfigured);
  CHECK_THAT(error.message, contains("longer than 107 bytes"));
}

TEST_CASE("a connection that cannot be opened again after the request was sent is lost") {
  CHECK(failure(tcp, CURLE_COULDNT_CONNECT, true).code == Errc::connection_lost);
}

TEST_CASE("an Engine that hangs up is a lost connection, and no protocol error") {
  for (const auto code :
       {CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE}) {
    INFO(code);
    CHECK(failure(tcp, code, true).code == Errc::connection_lost);
    CHECK(failure(tls, code, true).code == Errc::connection_lost);
  }
  CHECK(failure(tls, CURLE_SSL_CONNECT_ERROR).code == Errc::connection_lost);
}

TEST_CASE("a refusal of the TLS handshake, and a certificate, are a matter of the configuration") {
  const auto refused = failure(tls, CURLE_RECV_ERROR, true, 0,
                               "OpenSSL SSL_read: SSL routines::tlsv13 alert certificate required");
  CHECK(refused.code == Errc::misconfigured);
  const auto expired = failure(tls, CURLE_PEER_FAILED_VERIFICATION, false, 0,
                               "SSL certificate problem: certificate has expired");
  CHECK(expired.code == Errc::misconfigured);
  CHECK(failure(tls, CURLE_SSL_CERTPROBLEM, false, 0, "x").code == Errc::misconfigured);
}

TEST_CASE("libcurl's \"out of memory\" after a request was sent means a line that is too long") {
  CHECK(failure(tcp, CURLE_OUT_OF_MEMORY, true).code == Errc::protocol);
  CHECK(failure(tcp, CURLE_OUT_OF_MEMORY, false).code == Errc::system);
}

TEST_CASE("anything else is no valid HTTP answer") {
  CHECK(failure(tcp, CURLE_WEIRD_SERVER_REPLY, true).code == Errc::protocol);
}

TEST_CASE("the error of a refused descriptor has the limit of descriptors") {
  CHECK(http::descriptor_error(EMFILE).code == Errc::system);
  CHECK_THAT(http::descriptor_error(EMFILE).message, contains("RLIMIT_NOFILE"));
  CHECK_THAT(http::descriptor_error(ENFILE).message, contains("Too many open files in system"));
}
