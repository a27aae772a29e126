#pragma once

// Questions to the file system. Free functions without state.

#include <optional>
#include <string>

namespace tidegauge {

/// What keeps this program from reading a file, as "cannot be read: Permission denied"; nothing
/// where nothing does.
[[nodiscard]] std::optional<std::string> why_unreadable(const std::string& path);

[[nodiscard]] bool exists(const std::string& path);

/// Whether there is a Unix socket at that path, listened to or not.
[[nodiscard]] bool is_socket(const std::string& path);

}  // namespace tidegauge
