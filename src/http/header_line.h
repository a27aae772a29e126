#pragma once

#include <optional>
#include <string_view>

namespace tidegauge::http {

/// The value of the line `name: value\r\n` of a response's head, without the space around it;
/// absent where the line is that of another header. Upper and lower case of the name are the same.
[[nodiscard]] std::optional<std::string_view> header_value(std::string_view line,
                                                           std::string_view name);

}  // namespace tidegauge::http
