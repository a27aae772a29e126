#pragma once

// What all calls have in common: their limits, and what a status means.

#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/config/config.h"
#include "tidegauge/http/connection.h"
#include "tidegauge/model/call_stats.h"
#include "tidegauge/model/engine_info.h"
#include "tidegauge/model/error.h"

namespace tidegauge::docker {

/// The largest bodies are many times what Engines send: they bound what a broken Engine costs.
[[nodiscard]] http::Limits limits_of(model::Call call, const config::PoolConfig& config);

/// Nothing for a 2xx; else the code that it means, and the Engine's own message where it is in the
/// body.
[[nodiscard]] std::optional<Error> status_error(const http::Response& response);

/// Another Engine than the one that the version was agreed with: "client version 1.45 is too new.
/// Maximum supported API version is 1.41", or "... is too old".
[[nodiscard]] bool refuses_version(const http::Response& response);

/// "/v1.41/containers/json".
[[nodiscard]] std::string versioned(const model::ApiVersion& version, std::string_view target);

/// What an error of a call is said to have happened within: "GET /containers/json",
/// without a long query, such as the 400 characters of /events.
[[nodiscard]] std::string trail_of(std::string_view target);

}  // namespace tidegauge::docker
