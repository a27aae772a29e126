#pragma once

// The limits of a request against the time: when the next one is reached, and which one a request
// has exceeded. Plain functions on the times that they are given, for CurlConnection.

#include <cstddef>
#include <optional>
#include <string>

#include "tidegauge/http/connection.h"
#include "tidegauge/model/error.h"
#include "tidegauge/util/time.h"

namespace tidegauge::http {

/// How far a request has come.
struct Progress {
  SteadyTime started{};
  std::optional<SteadyTime> sent_at;
  std::optional<SteadyTime> first_byte_at;
  SteadyTime last_byte_at{};
  bool paused = false;  ///< the reader of a stream is slow, not the Engine
};

/// SteadyTime::max(): none.
[[nodiscard]] SteadyTime next_limit(const Limits& limits, const Progress& progress);

[[nodiscard]] std::optional<Error> exceeded_limit(const Limits& limits, const Progress& progress,
                                                  SteadyTime now);

/// "64 KiB", "1 MiB", "1000 bytes".
[[nodiscard]] std::string size_text(std::size_t bytes);

}  // namespace tidegauge::http
