#pragma once

// Text as JSON and logfmt want it: in double quotes, with escapes.

#include <string>
#include <string_view>

namespace tidegauge {

[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace tidegauge
