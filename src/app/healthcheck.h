#pragma once

// Asks a running daemon whether it is well, as a container's HEALTHCHECK does.

#include <string>

#include "tidegauge/model/error.h"

namespace tidegauge::app {

/// `listen_address` as in web.listen_address; a wildcard is asked on the loopback.
[[nodiscard]] Result<void> check_health(const std::string& listen_address);

}  // namespace tidegauge::app
