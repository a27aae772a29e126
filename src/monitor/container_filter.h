#pragma once

// Which containers are watched. Pure, hence thread-safe.

#include <optional>
#include <string_view>

#include "tidegauge/config/config.h"
#include "tidegauge/model/container.h"

namespace tidegauge::monitor {

/// The label by which a container says whether it wants to be watched: true or false.
inline constexpr std::string_view enable_label = "tidegauge.enable";

/// Its own label has the last word; without one it is watched if options.include is empty or one of
/// it matches, and none of options.exclude does, and nobody has to opt in.
[[nodiscard]] bool is_watched(const model::Container& container,
                              const config::MonitorConfig& options);

/// Whether it can be the id of a container, to be asked about in a URL.
[[nodiscard]] bool is_usable_id(std::string_view id);

/// What its label says that is neither true nor false, and hence ignored.
[[nodiscard]] std::optional<std::string_view> invalid_enable_label(
    const model::Container& container);

}  // namespace tidegauge::monitor
