#include "tidegauge/http/curl_transport.h"

#include <curl/curl.h>

#include <stdexcept>
#include <utility>

#include "http/curl_connection.h"

namespace tidegauge::http {

CurlTransport::CurlTransport(model::EngineAddress address, model::TlsFiles tls)
    : address_(std::move(address)), tls_(std::move(tls)) {
  // libcurl counts these calls, so that there may be several transports. Thread-safe since 7.84.
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::bad_alloc();
}

CurlTransport::~CurlTransport() {
  curl_global_cleanup();
}

std::unique_ptr<Connection> CurlTransport::make() {
  return std::make_unique<CurlConnection>(address_, tls_, open_sockets_);
}

std::unique_ptr<Transport> make_curl_transport(const model::EngineAddress& address,
                                               const model::TlsFiles& tls) {
  return std::make_unique<CurlTransport>(address, tls);
}

}  // namespace tidegauge::http
