#include "http/tls_diagnosis.h"

#include <algorithm>
#include <initializer_list>

#include "tidegauge/util/files.h"

namespace tidegauge::http {
namespace {

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return text.contains(part); });
}

Error misconfigured(std::string message) {
  return {Errc::misconfigured, std::move(message)};
}

/// "certificate has expired" of "SSL certificate problem: certificate has expired", and "tlsv13
/// alert certificate required" of "OpenSSL ...:SSL routines::tlsv13 alert certificate required,
/// ..."
std::string essence(std::string_view text) {
  for (const std::string_view before : {"SSL certificate problem: ", "SSL routines::", "SSL: "}) {
    if (const auto at = text.find(before); at != std::string_view::npos) {
      text.remove_prefix(at + before.size());
    }
  }
  return std::string(text.substr(0, text.find(", errno")));
}

}  // namespace

Error diagnose_certificate(const std::string& address, const model::TlsFiles& tls,
                           std::string_view libcurl_says) {
  const auto why = "the certificate of " + address + " is not accepted: " + essence(libcurl_says);
  if (has_any(libcurl_says, {"expired", "not yet valid"})) {
    return misconfigured(why + "; renew it, or set the clock right");
  }
  if (has_any(libcurl_says, {"subject name"})) {
    return misconfigured(why + "; use a name or address that it is for");
  }
  return misconfigured(why + (tls.ca_file.empty()
                                  ? "; set tls_ca_file to the CA that has signed it"
                                  : "; is " + tls.ca_file + " the CA that has signed it?"));
}

Error diagnose_files(const model::TlsFiles& tls, std::string_view libcurl_says) {
  for (const auto& path : {tls.ca_file, tls.cert_file, tls.key_file}) {
    if (path.empty()) continue;
    if (const auto why = why_unreadable(path)) return misconfigured(path + " " + *why);
  }
  if (libcurl_says.contains("private key")) {
    return misconfigured(tls.key_file +
                         " does not hold the key, in PEM and without a password, of "
                         "the certificate in " +
                         tls.cert_file);
  }
  return misconfigured("not usable for TLS: " + std::string(libcurl_says));
}

std::optional<Error> diagnose_refusal(const std::string& address, const model::TlsFiles& tls,
                                      std::string_view libcurl_says) {
  if (has_any(libcurl_says, {"wrong version number", "http request", "packet length"})) {
    return misconfigured(address + " does not speak TLS; write tcp:// where it speaks plain HTTP");
  }
  if (!libcurl_says.contains(" alert ")) return std::nullopt;
  const auto why = address + " refuses the TLS handshake: " + essence(libcurl_says);
  if (libcurl_says.contains("internal error")) return Error{Errc::protocol, why};
  return misconfigured(
      why + (tls.cert_file.empty()
                 ? "; if it wants a certificate, set tls_cert_file and tls_key_file"
                 : "; is " + tls.cert_file + " signed by a CA that it trusts, and in date?"));
}

}  // namespace tidegauge::http
