#include "config/go_duration.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace tidegauge::config {
namespace {

using std::chrono::nanoseconds;

constexpr std::string_view digits = "0123456789";
constexpr std::int64_t longest = std::int64_t{366} * 24 * 3600 * 1'000'000'000;
constexpr std::array<std::pair<std::string_view, std::int64_t>, 8> units{{
    {"ns", 1},
    {"us", 1'000},
    {"\xC2\xB5s", 1'000},  // the micro sign
    {"\xCE\xBCs", 1'000},  // the Greek letter
    {"ms", 1'000'000},
    {"s", 1'000'000'000},
    {"m", std::int64_t{60} * 1'000'000'000},
    {"h", std::int64_t{3600} * 1'000'000'000},
}};

/// Takes the digits off the front of `text`.
std::string_view take_digits(std::string_view& text) {
  const auto count = std::min(text.find_first_not_of(digits), text.size());
  const auto taken = text.substr(0, count);
  text.remove_prefix(count);
  return taken;
}

/// Nanoseconds of `whole`.`fraction` units of this length.
std::optional<std::int64_t> amount(std::string_view whole, std::string_view fraction,
                                   std::int64_t unit) {
  std::int64_t sum = 0;
  for (const char digit : whole) {
    sum = sum * 10 + (digit - '0') * unit;
    if (sum > longest) return std::nullopt;
  }
  for (std::int64_t place = unit; !fraction.empty(); fraction.remove_prefix(1)) {
    // Of hours and minutes a later place is no whole number of nanoseconds; it is below one by
    // then.
    place /= 10;
    sum += (fraction.front() - '0') * place;
  }
  return sum;
}

/// Takes one "1.5h" off the front of `text`.
std::optional<std::int64_t> take_part(std::string_view& text) {
  const auto whole = take_digits(text);
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
  }
  if (whole.empty() && fraction.empty()) return std::nullopt;
  const auto end = std::min(text.find_first_of("0123456789."), text.size());
  const auto* const unit = std::ranges::find(units, text.substr(0, end),
                                             &std::pair<std::string_view, std::int64_t>::first);
  if (unit == units.end()) return std::nullopt;
  text.remove_prefix(end);
  return amount(whole, fraction, unit->second);
}

}  // namespace

std::optional<nanoseconds> parse_go_duration(std::string_view text) {
  if (text == "0") return nanoseconds{0};
  if (text.empty()) return std::nullopt;
  std::int64_t sum = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part || *part > longest - sum) return std::nullopt;
    sum += *part;
  }
  return nanoseconds{sum};
}

}  // namespace tidegauge::config
