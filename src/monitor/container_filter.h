#pragma once

// Decides which containers are watched. Pure, hence thread-safe.

#include <optional>
#include <string_view>

#include "tidegauge/config/config.h"
#include "tidegauge/model/container.h"

namespace tidegauge::monitor {

/// The label of a container that says whether to watch it: true or false.
inline constexpr std::string_view enable_label = "tidegauge.enable";

/// The container's own label decides. Without that label the container is watched if
/// options.include is empty or a pattern in it matches, no pattern in options.exclude matches, and
/// containers need not opt in.
[[nodiscard]] bool is_watched(const model::Container& container,
                              const config::MonitorConfig& options);

/// Whether `id` can be the id of a container, and can stand in a URL.
[[nodiscard]] bool is_usable_id(std::string_view id);

/// The value of the container's label that is neither true nor false, and hence ignored.
[[nodiscard]] std::optional<std::string_view> invalid_enable_label(
    const model::Container& container);

}  // namespace tidegauge::monitor
