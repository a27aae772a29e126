#pragma once

// Translates libcurl's error codes into an Error that says what has failed and what to do.

#include <curl/curl.h>

#include <string_view>

#include "tidegauge/model/engine_address.h"
#include "tidegauge/model/error.h"

namespace tidegauge::http {

/// The facts about a transfer that failed. `address`, `tls` and the text that `libcurl_says` refers
/// to must outlive this object.
struct FailedTransfer {
  const model::EngineAddress& address;
  const model::TlsFiles& tls;
  CURLcode code = CURLE_OK;
  int os_error = 0;               ///< of connect(2); 0: libcurl did not pass it on
  bool sent = false;              ///< whether the request may have reached the Engine
  std::string_view libcurl_says;  ///< the text of CURLOPT_ERRORBUFFER
};

[[nodiscard]] Error describe_failure(const FailedTransfer& transfer);

/// The system has refused a descriptor, with this errno. Names the limit, where it is one.
[[nodiscard]] Error descriptor_error(int os_error);

}  // namespace tidegauge::http
