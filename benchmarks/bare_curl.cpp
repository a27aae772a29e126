#include "bare_curl.h"

#include <cstdlib>

namespace tidegauge::bench {
namespace {

std::size_t append(char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

}  // namespace

BareCurl::~BareCurl() {
  curl_multi_cleanup(multi_);
  curl_easy_cleanup(easy_);
}

void BareCurl::get(const char* url) {
  body_.clear();
  curl_easy_reset(easy_);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  constexpr long http_version = CURL_HTTP_VERSION_1_1;  // a long itself in newer libcurl
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, http_version);
  curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, "Docker-Client/tidegauge");
  curl_easy_setopt(easy_, CURLOPT_MAXCONNECTS, 1L);
  curl_easy_setopt(easy_, CURLOPT_MAXAGE_CONN, 86400L);
  curl_easy_setopt(easy_, CURLOPT_UNIX_SOCKET_PATH, socket_.c_str());
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &body_);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &append);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, &headers_);
  curl_easy_setopt(easy_, CURLOPT_URL, url);
  headers_.clear();
  curl_multi_add_handle(multi_, easy_);
  int running = 1;
  while (running > 0) {
    curl_multi_perform(multi_, &running);
    if (running > 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
  }
  int queued = 0;
  const auto* const message = curl_multi_info_read(multi_, &queued);
  if (message == nullptr || message->data.result != CURLE_OK) std::abort();
  curl_multi_remove_handle(multi_, easy_);
}

}  // namespace tidegauge::bench
