#include "tidegauge/util/timestamp.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace tidegauge {
namespace {

/// Reads exactly `digits` digits from the front of `text` and drops them.
std::optional<int> take_number(std::string_view& text, std::size_t digits) noexcept {
  if (text.size() < digits) return std::nullopt;
  const auto number = text.substr(0, digits);
  int value = 0;
  const auto [end, error] = std::from_chars(number.begin(), number.end(), value);
  if (error != std::errc{} || end != number.end() || number.front() == '-') return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char expected) noexcept {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

std::chrono::nanoseconds take_fraction(std::string_view& text) noexcept {
  std::int64_t nanoseconds = 0;
  std::int64_t unit = 100'000'000;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    nanoseconds += (text.front() - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
  return std::chrono::nanoseconds{nanoseconds};
}

/// "Z" or "+01:00", to the end of the text.
std::optional<std::chrono::minutes> take_offset(std::string_view text) noexcept {
  if (text == "Z" || text == "z") return std::chrono::minutes{0};
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  if (!hours || !take_char(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || !text.empty()) return std::nullopt;
  return std::chrono::minutes{sign * (*hours * 60 + *minutes)};
}

std::string padded(std::int64_t number, std::size_t width) {
  auto digits = std::to_string(number);
  digits.insert(0, width - std::min(width, digits.size()), '0');
  return digits;
}

}  // namespace

std::optional<WallTime> parse_timestamp(std::string_view text) noexcept {
  const auto year = take_number(text, 4);
  if (!year || !take_char(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take_char(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || (!take_char(text, 'T') && !take_char(text, ' '))) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take_char(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take_char(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second) return std::nullopt;
  const auto fraction = take_char(text, '.') ? take_fraction(text) : std::chrono::nanoseconds{0};
  const auto offset = take_offset(text);
  const std::chrono::year_month_day date(std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)});
  // No container is older than 1970, and nanoseconds overflow after 2200.
  if (!offset || !date.ok() || *year < 1970 || *year > 2200) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} +
         std::chrono::seconds{*second} + fraction - *offset;
}

std::string to_rfc3339(WallTime time, Decimals decimals) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  const auto fraction = decimals == Decimals::milliseconds ? clock.subseconds().count() / 1'000'000
                                                           : clock.subseconds().count();
  return padded(static_cast<int>(date.year()), 4) + '-' +
         padded(static_cast<unsigned>(date.month()), 2) + '-' +
         padded(static_cast<unsigned>(date.day()), 2) + 'T' + padded(clock.hours().count(), 2) +
         ':' + padded(clock.minutes().count(), 2) + ':' + padded(clock.seconds().count(), 2) + '.' +
         padded(fraction, decimals == Decimals::milliseconds ? 3 : 9) + 'Z';
}

}  // namespace tidegauge
