#pragma once

// Asks a running daemon whether it is well, as a container's HEALTHCHECK does.

#include "tidegauge/config/config.h"
#include "tidegauge/model/error.h"

namespace tidegauge::app {

/// Asks the daemon that runs with this configuration: by its private socket (`path.runtime`) where
/// there is one, otherwise at its first listen address, on the loopback if that is a wildcard.
/// There, a daemon that asks for credentials (401) or limits the rate (429) is alive as well.
[[nodiscard]] Result<void> check_health(const config::Config& config);

}  // namespace tidegauge::app
