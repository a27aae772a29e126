#pragma once

// Quotes text for JSON and logfmt: in double quotes, with escapes, always valid UTF-8. A byte that
// is no part of a character becomes the text "\xff". Used by Logger and json::Writer. Thread-safe.

#include <string>
#include <string_view>

namespace tidegauge {

[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace tidegauge
