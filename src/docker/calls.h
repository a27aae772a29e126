#pragma once

// What all calls have in common: their limits, the meaning of a status, and the texts of errors.
// Used by PooledClient and ClientManager. Pure functions.

#include <optional>
#include <string>
#include <string_view>

#include "tidegauge/config/config.h"
#include "tidegauge/http/connection.h"
#include "tidegauge/model/call_stats.h"
#include "tidegauge/model/engine_info.h"
#include "tidegauge/model/error.h"

namespace tidegauge::docker {

/// The limits on bodies are many times the size that Engines send: they limit the memory that a
/// broken Engine can take.
[[nodiscard]] http::Limits limits_of(model::Call call, const config::PoolConfig& config);

/// Nothing for a status of 2xx; otherwise the error code, and the Engine's message if the body has
/// one.
[[nodiscard]] std::optional<Error> status_error(const http::Response& response);

/// True where the Engine does not speak the agreed version, because another Engine has taken its
/// place: "client version 1.45 is too new. Maximum supported API version is 1.41", or "... is too
/// old".
[[nodiscard]] bool refuses_version(const http::Response& response);

/// "/v1.41/containers/json".
[[nodiscard]] std::string versioned(const model::ApiVersion& version, std::string_view target);

/// The prefix of an error: "GET /containers/json", without a query of more than 64 characters
/// (/events has 400).
[[nodiscard]] std::string trail_of(std::string_view target);

}  // namespace tidegauge::docker
