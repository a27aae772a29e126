#pragma once

// Why a connection to a Unix socket has failed, in a message that says what to do.

#include <string>

#include "tidegauge/model/error.h"

namespace tidegauge::http {

/// `os_error`: the errno of connect(2); 0 where libcurl did not pass it on (a full backlog).
[[nodiscard]] Error diagnose_unix_socket(const std::string& path, int os_error);

}  // namespace tidegauge::http
