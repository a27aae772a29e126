#pragma once

// Text as JSON and logfmt want it: in double quotes, with escapes, and always valid UTF-8. A byte
// that is not part of a character becomes the text "\xff".

#include <string>
#include <string_view>

namespace tidegauge {

[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace tidegauge
