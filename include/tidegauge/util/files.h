#pragma once

// Questions to the file system. Free functions without state.

#include <optional>
#include <string>

namespace tidegauge {

/// What keeps this program from reading a file, as "cannot be read: Permission denied"; nothing
/// where nothing does.
[[nodiscard]] std::optional<std::string> why_unreadable(const std::string& path);

}  // namespace tidegauge
