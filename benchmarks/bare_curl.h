#pragma once

// What requests are measured against: libcurl as its documentation has it, one handle on its own
// multi handle, options set anew for each request. Used by one thread.

#include <curl/curl.h>

#include <string>

namespace tidegauge::bench {

class BareCurl {
 public:
  explicit BareCurl(std::string socket) : socket_(std::move(socket)) {}
  BareCurl(const BareCurl&) = delete;
  BareCurl& operator=(const BareCurl&) = delete;
  ~BareCurl();

  /// Reads the whole answer, and forgets it; ends the program where there is none.
  void get(const char* url);

 private:
  std::string socket_;
  CURL* easy_ = curl_easy_init();
  CURLM* multi_ = curl_multi_init();
  std::string body_;
  std::string headers_;
};

}  // namespace tidegauge::bench
