#include "http/curl_error.h"

#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "http/socket_diagnosis.h"
#include "http/tls_diagnosis.h"

namespace tidegauge::http {
namespace {

/// Absent where the handshake has not failed. With TLS 1.3 a client certificate is refused after
/// the handshake, when the response is expected.
std::optional<Error> tls_error(const FailedTransfer& transfer) {
  if (transfer.address.scheme != model::EngineAddress::Scheme::tls) return std::nullopt;
  switch (transfer.code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      if (auto refusal = diagnose_refusal(model::to_string(transfer.address), transfer.tls,
                                          transfer.libcurl_says)) {
        return refusal;
      }
      if (transfer.code != CURLE_SSL_CONNECT_ERROR) return std::nullopt;
      return Error{Errc::connection_lost, "the Engine hung up during the TLS handshake"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return diagnose_certificate(model::to_string(transfer.address), transfer.tls,
                                  transfer.libcurl_says);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return diagnose_files(transfer.tls, transfer.libcurl_says);
    default:
      return std::nullopt;
  }
}

}  // namespace

Error describe_failure(const FailedTransfer& transfer) {
  const std::string text = curl_easy_strerror(transfer.code);
  if (auto error = tls_error(transfer)) return *std::move(error);
  switch (transfer.code) {
    case CURLE_COULDNT_CONNECT: {
      if (transfer.sent) return {Errc::connection_lost, "the Engine hung up before it answered"};
      if (transfer.address.scheme == model::EngineAddress::Scheme::unix_socket) {
        return diagnose_unix_socket(transfer.address.path, transfer.os_error);
      }
      const auto why = transfer.os_error == 0 ? text : std::strerror(transfer.os_error);
      return {Errc::unreachable, model::to_string(transfer.address) + ": " + why};
    }
    case CURLE_COULDNT_RESOLVE_HOST:
      // The only thing that libcurl calls a host name of a Unix socket is a path that is too long.
      if (transfer.address.scheme == model::EngineAddress::Scheme::unix_socket) {
        return {Errc::misconfigured, transfer.address.path + " is longer than 107 bytes"};
      }
      return {Errc::unreachable, model::to_string(transfer.address) + ": " + text};
    case CURLE_GOT_NOTHING:
      return {Errc::connection_lost, "the Engine hung up before it answered"};
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return {Errc::connection_lost, "the Engine hung up in the middle of its answer"};
    case CURLE_WRITE_ERROR:
      return {Errc::protocol, text};
    case CURLE_URL_MALFORMAT:
      return {Errc::protocol, "cannot be asked: " + text};
    case CURLE_OUT_OF_MEMORY:
      // libcurl says this of a line that is longer than it accepts; there is enough memory.
      if (transfer.sent) return {Errc::protocol, "a line of the answer is longer than allowed"};
      return {Errc::system, text};
    default:
      return {Errc::protocol, "not a valid HTTP answer: " + text};
  }
}

Error descriptor_error(int os_error) {
  const std::string why = std::strerror(os_error);
  rlimit limit{};
  if (os_error != EMFILE || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return {Errc::system, "no descriptor for a connection: " + why};
  }
  return {Errc::system, "no descriptor for a connection: this program may have " +
                            std::to_string(limit.rlim_cur) +
                            " open (RLIMIT_NOFILE, LimitNOFILE= of systemd)"};
}

}  // namespace tidegauge::http
