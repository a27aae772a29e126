#pragma once

// What a client sends in the header Authorization, and the comparison of secrets. Pure functions.

#include <optional>
#include <string>
#include <string_view>

namespace tidegauge::web {

/// Whether both are the same. How long it takes depends on the length of `given` alone, not on what
/// either holds.
[[nodiscard]] bool equal_in_constant_time(std::string_view given, std::string_view secret);

struct BasicCredentials {
  std::string user;
  std::string password;
};

/// The user and the password of `Basic BASE64`, where the scheme is in any case and the text before
/// the first colon is the user. Strict: the standard alphabet of base64 with its padding, one space
/// after the scheme or more, no control character in what is encoded. Absent: the header is
/// anything else, or longer than 4096 bytes.
[[nodiscard]] std::optional<BasicCredentials> basic_credentials(std::string_view header);

/// The token of `Bearer TOKEN`: visible ASCII characters. Absent: the header is anything else, or
/// longer than 8192 bytes. A view into `header`.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view header);

}  // namespace tidegauge::web
