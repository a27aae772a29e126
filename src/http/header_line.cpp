#include "http/header_line.h"

#include <algorithm>

#include "tidegauge/util/ascii.h"

namespace tidegauge::http {

std::optional<std::string_view> header_value(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return std::nullopt;
  if (!std::ranges::equal(line.substr(0, name.size()), name, {}, ascii_lower, ascii_lower)) {
    return std::nullopt;
  }
  line.remove_prefix(name.size() + 1);
  const auto begin = line.find_first_not_of(" \t\r\n");
  const auto end = line.find_last_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::string_view{};
  return line.substr(begin, end - begin + 1);
}

}  // namespace tidegauge::http
