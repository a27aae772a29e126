#include "fuzz/oracle.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <limits>

namespace tidegauge::fuzz {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_of_number(char c) {
  return is_digit(c) || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
}

/// "7" of "007", "0" of "-0"; nothing for what is no whole number.
std::optional<std::string> normalized(std::string_view token) {
  const bool negative = token.starts_with('-');
  if (negative) token.remove_prefix(1);
  if (token.empty() || !std::ranges::all_of(token, is_digit)) return std::nullopt;
  token.remove_prefix(std::min(token.find_first_not_of('0'), token.size() - 1));
  return (negative && token != "0" ? "-" : "") + std::string(token);
}

/// Nothing where the text is not a number of that type as a whole.
template <class Number>
std::optional<Number> value_of(std::string_view number) {
  Number value = 0;
  const auto* const end = number.data() + number.size();
  const auto result = std::from_chars(number.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return value;
}

/// Both are numbers, or texts that consist of the characters of numbers.
bool is_same_number(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto first = value_of<double>(a);
  const auto second = value_of<double>(b);
  if (!first || !second) return false;
  const auto margin = std::abs(*first) * 1e-15 + std::numeric_limits<double>::min();
  return std::abs(*first - *second) <= margin;
}

/// Takes what `belongs` from the beginning of a text.
std::string_view take_while(std::string_view& text, bool (*belongs)(char)) {
  const auto end = std::ranges::find_if_not(text, belongs);
  const std::string_view taken(text.begin(), end);
  text.remove_prefix(taken.size());
  return taken;
}

}  // namespace

void finding(std::string_view what) {
  std::cerr << "FINDING: " << what << '\n';
  std::abort();
}

bool is_same_but_for_rounding(std::string_view a, std::string_view b) {
  const auto is_other = [](char c) { return !is_of_number(c); };
  while (!a.empty() && !b.empty()) {
    if (!is_same_number(take_while(a, is_of_number), take_while(b, is_of_number))) return false;
    if (take_while(a, is_other) != take_while(b, is_other)) return false;
  }
  return a.empty() && b.empty();
}

WholeNumbers::WholeNumbers(std::string_view text) {
  const auto* at = text.begin();
  while ((at = std::find_if(at, text.end(), is_of_number)) != text.end()) {
    const auto* const end = std::find_if_not(at, text.end(), is_of_number);
    if (auto number = normalized({at, end})) numbers_.insert(*std::move(number));
    at = end;
  }
}

bool WholeNumbers::contain(std::string_view number) const {
  return numbers_.contains(number);
}

bool WholeNumbers::contain_time(double seconds, std::uint64_t unit) const {
  return std::ranges::any_of(numbers_, [=](const std::string& number) {
    const auto value = value_of<std::uint64_t>(number);
    return value && *value <= UINT64_MAX / unit &&
           static_cast<double>(*value * unit) * 1e-9 == seconds;
  });
}

bool WholeNumbers::contain_multiple(std::uint64_t derived, std::uint64_t divisor) const {
  return std::ranges::any_of(numbers_, [=](const std::string& number) {
    const auto value = value_of<std::uint64_t>(number);
    return value && *value / divisor == derived;
  });
}

void Facts::number(std::string_view name, const std::optional<std::uint64_t>& value,
                   std::initializer_list<std::uint64_t> standard) {
  derived(name, value);
  if (!value || std::ranges::find(standard, *value) != standard.end()) return;
  if (!numbers_.contain(std::to_string(*value))) {
    finding(std::string(name) + " is " + std::to_string(*value) + ", which nobody said");
  }
}

void Facts::signed_number(std::string_view name, const std::optional<int>& value) {
  text(name, value ? std::to_string(*value) : "absent");
  if (value && !numbers_.contain(std::to_string(*value))) {
    finding(std::string(name) + " is " + std::to_string(*value) + ", which nobody said");
  }
}

void Facts::seconds(std::string_view name, const std::optional<double>& value, std::uint64_t unit) {
  text(name, value ? std::to_string(*value) : "absent");
  if (value && !numbers_.contain_time(*value, unit)) {
    finding(std::string(name) + " is " + std::to_string(*value) + " s, which nobody said");
  }
}

void Facts::derived(std::string_view name, const std::optional<std::uint64_t>& value) {
  text(name, value ? std::to_string(*value) : "absent");
}

void Facts::text(std::string_view name, std::string_view value) {
  facts_.emplace_back(name, value);
}

void Facts::texts(std::string_view name,
                  const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [key, value] : values) text(std::string(name) + "." + key, value);
}

void Facts::time(std::string_view name, const std::optional<WallTime>& value) {
  text(name, value ? std::to_string(value->time_since_epoch().count()) : "absent");
}

std::string spaced(std::string_view json) {
  constexpr std::string_view structure = "{}[],:";
  std::string out = "\r\n";
  bool in_text = false;
  bool escaped = false;
  for (const char c : json) {
    const bool ends_text = in_text && c == '"' && !escaped;
    escaped = in_text && c == '\\' && !escaped;
    if (c == '"') in_text = in_text ? !ends_text : true;
    const bool is_structure = !in_text && structure.find(c) != std::string_view::npos;
    if (is_structure) out += " \t";
    out += c;
    if (is_structure) out += "\n ";
  }
  return out;
}

}  // namespace tidegauge::fuzz
