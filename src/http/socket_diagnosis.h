#pragma once

// Why a Unix socket could not be connected to, in words that say what to do about it.

#include <string>

#include "tidegauge/model/error.h"

namespace tidegauge::http {

/// `os_error` is what connect(2) said; 0 where libcurl did not pass it on (a full backlog).
[[nodiscard]] Error diagnose_unix_socket(const std::string& path, int os_error);

}  // namespace tidegauge::http
