#include "monitor/container_filter.h"

#include <strings.h>

#include <algorithm>
#include <string>

namespace tidegauge::monitor {
namespace {

/// Some versions of Compose write "True" for what is true in the file.
bool is_word(std::string_view text, const char* word) {
  return ::strcasecmp(std::string(text).c_str(), word) == 0;
}

}  // namespace

bool is_watched(const model::Container& container, const config::MonitorConfig& options) {
  if (const auto enable = find_label(container, enable_label)) {
    if (is_word(*enable, "true")) return true;
    if (is_word(*enable, "false")) return false;
  }
  const auto fits = [&](const model::ContainerGlob& glob) { return matches(glob, container); };
  return !options.opt_in &&
         (options.include.empty() || std::ranges::any_of(options.include, fits)) &&
         std::ranges::none_of(options.exclude, fits);
}

bool is_usable_id(std::string_view id) {
  constexpr std::string_view characters =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-";
  return !id.empty() && id.find_first_not_of(characters) == std::string_view::npos &&
         id.find_first_not_of('.') != std::string_view::npos;
}

std::optional<std::string_view> invalid_enable_label(const model::Container& container) {
  const auto enable = find_label(container, enable_label);
  if (!enable || is_word(*enable, "true") || is_word(*enable, "false")) return std::nullopt;
  return enable;
}

}  // namespace tidegauge::monitor
