#pragma once

// What all calls have in common: their limits, and what a status means.

#include <optional>

#include "tidegauge/config/config.h"
#include "tidegauge/http/connection.h"
#include "tidegauge/model/call_stats.h"
#include "tidegauge/util/result.h"

namespace tidegauge::docker {

[[nodiscard]] http::Limits limits_of(model::Call call, const config::PoolConfig& config);

/// Nothing for a 2xx; else the code that it means, and the Engine's own message where it is in the
/// body.
[[nodiscard]] std::optional<Error> status_error(const http::Response& response);

}  // namespace tidegauge::docker
