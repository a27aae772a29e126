#pragma once

// The pages of the status page, for people: rendered from one snapshot, complete without
// JavaScript. Pure functions, so thread-safe. Each returns a whole HTML document.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/status/status_input.h"

namespace tidegauge::status {

/// `/`: what needs attention, the Engines, the machine, the last ends and all containers.
[[nodiscard]] std::string overview_page(const StatusInput& input);
/// `/containers/ENDPOINT/NAME`; nothing where there is no such container. `processes` has the names
/// of its processes, if they are known; they are shown with web.show_processes.
[[nodiscard]] std::optional<std::string> container_page(
    const StatusInput& input, std::string_view endpoint, std::string_view name,
    const std::optional<std::vector<std::string>>& processes = {});
/// `/pool`: the connections to each Engine.
[[nodiscard]] std::string pool_page(const StatusInput& input);

}  // namespace tidegauge::status
