#include "status/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "tidegauge/util/utf8.h"

namespace tidegauge::status {
namespace {

/// Two digits that count: "1.5", "15", "150".
std::string short_number(double number) {
  return decimal_text(number, number < 9.95 ? 1 : 0);
}

struct TimeUnit {
  std::int64_t seconds;
  std::string_view name;
};
constexpr std::array time_units{TimeUnit{86'400, " d"}, TimeUnit{3'600, " h"}, TimeUnit{60, " min"},
                                TimeUnit{1, " s"}};

}  // namespace

std::string bytes_text(double bytes) {
  constexpr std::array<std::string_view, 7> units{" B",   " KiB", " MiB", " GiB",
                                                  " TiB", " PiB", " EiB"};
  constexpr double next_unit_from = 1023.5;  // which would be written as "1024"
  std::size_t unit = 0;
  while (bytes >= next_unit_from && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return (unit == 0 ? decimal_text(bytes, 0) : short_number(bytes)).append(units[unit]);
}

std::string rate_text(double bytes_per_second) {
  return bytes_text(bytes_per_second) + "/s";
}

std::string percent_text(double share) {
  return short_number(share * 100) + " %";
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e15));
  for (std::size_t i = 0; i + 1 < time_units.size(); ++i) {
    const auto [size, name] = time_units[i];
    if (whole < size) continue;
    auto text = std::to_string(whole / size).append(name);
    const auto [smaller_size, smaller_name] = time_units[i + 1];
    const auto rest = whole % size / smaller_size;
    // Seconds beside minutes would change with each look and tell nothing.
    if (rest == 0 || smaller_size == 1) return text;
    return text.append(" ").append(std::to_string(rest)).append(smaller_name);
  }
  return std::to_string(whole).append(time_units.back().name);
}

std::string ago_text(WallTime time, WallTime now) {
  const auto seconds = to_seconds(now - time);
  return seconds < 1 ? "now" : duration_text(seconds) + " ago";
}

std::string exact_bytes(std::uint64_t bytes) {
  return with_commas(bytes) + " bytes";
}

std::string with_commas(std::uint64_t number) {
  auto text = std::to_string(number);
  for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > 0; i -= 3) {
    text.insert(static_cast<std::size_t>(i), 1, ',');
  }
  return text;
}

std::string shortened(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return std::string(text);
  return std::string(utf8_prefix(text, longest)) + "…";
}

std::string decimal_text(double number, int decimals) {
  if (!std::isfinite(number)) return "?";
  std::array<char, 400> digits{};  // the largest double has 309
  const auto end =
      std::to_chars(digits.begin(), digits.end(), number, std::chars_format::fixed, decimals).ptr;
  std::string text(digits.begin(), end);
  if (text.contains('.')) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

}  // namespace tidegauge::status
