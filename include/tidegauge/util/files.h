#pragma once

// Checks of files for messages about the configuration. Stateless, so thread-safe.

#include <optional>
#include <string>

namespace tidegauge {

/// Why this program cannot read the file, as in "cannot be read: Permission denied"; nothing if it
/// can.
[[nodiscard]] std::optional<std::string> why_unreadable(const std::string& path);

}  // namespace tidegauge
