#pragma once

// The JSON of the status page, for programs: the answers below /api/v1 but /api/v1/exits.
// docs/api.md describes each member. What is not known is absent, as is a text that is empty. Pure
// functions, so thread-safe.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/status/status_input.h"

namespace tidegauge::status {

/// `/api/v1/engines`: the Engines and their machines.
[[nodiscard]] std::string engines_json(const StatusInput& input);
/// `/api/v1/containers`: all containers that are watched.
[[nodiscard]] std::string containers_json(const StatusInput& input);
/// `/api/v1/containers/ENDPOINT/NAME`: one container, with its history; nothing where there is no
/// such container. `processes` has the names of its processes, if they are known; they are shown
/// with web.show_processes.
[[nodiscard]] std::optional<std::string> container_json(
    const StatusInput& input, std::string_view endpoint, std::string_view name,
    const std::optional<std::vector<std::string>>& processes = {});
/// `/api/v1/pool`: the connections to each Engine.
[[nodiscard]] std::string pool_json(const StatusInput& input);

}  // namespace tidegauge::status
