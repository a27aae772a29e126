#pragma once

// Answers /api/v1/exits: how the latest runs ended, newest first, as JSON (docs/api.md). Pure
// functions over snapshots, so thread-safe.

#include "tidegauge/model/snapshot.h"
#include "tidegauge/web/messages.h"

namespace tidegauge::app {

/// How many ends are shown, unless the client asks for another number; and the most.
inline constexpr int usual_exits = 100;
inline constexpr int most_exits = 1'000;

/// A filter with a mistake is status 400, and the text names the parameter and what it takes. The
/// ends are written while the client reads them. Only a trusted client gets lines of logs.
[[nodiscard]] web::Response answer_exits(const web::Request& request,
                                         const model::Snapshot& engines);

}  // namespace tidegauge::app
