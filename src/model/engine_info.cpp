#include "tidegauge/model/engine_info.h"

#include <charconv>

namespace tidegauge::model {

std::string to_string(ApiVersion version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

std::optional<ApiVersion> parse_api_version(std::string_view text) noexcept {
  ApiVersion version;
  const auto* const end = text.end();
  const auto major = std::from_chars(text.begin(), end, version.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
  if (minor.ec != std::errc{} || minor.ptr != end) return std::nullopt;
  return version;
}

}  // namespace tidegauge::model
