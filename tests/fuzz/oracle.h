#pragma once

// How the targets tell a wrong answer from a right one. A target is one file with one
// LLVMFuzzerTestOneInput and one line in CMakeLists.txt; it parses the input, and calls `finding`
// where what came out cannot be right, which ends the run and keeps the input.
//
// Free functions and values; single-threaded, as libFuzzer is.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidegauge/model/error.h"
#include "tidegauge/util/time.h"

namespace tidegauge::fuzz {

[[noreturn]] void finding(std::string_view what);

[[nodiscard]] inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// The whole numbers that stand in a text: not those with a fraction or an exponent, and none that
/// is a part of a longer one. Found without a parser, so that it cannot be wrong as one.
class WholeNumbers {
 public:
  explicit WholeNumbers(std::string_view text);
  [[nodiscard]] bool contain(std::string_view number) const;
  /// Whether one of them, each times `unit` nanoseconds, is that many seconds.
  [[nodiscard]] bool contain_time(double seconds, std::uint64_t unit) const;
  /// Whether one of them makes `derived` when it is divided.
  [[nodiscard]] bool contain_multiple(std::uint64_t derived, std::uint64_t divisor) const;

 private:
  std::set<std::string, std::less<>> numbers_;
};

/// What a parser made of a text, by name. A number must stand in the text as that very number:
/// neither cut off, nor wrapped, nor rounded, nor made up.
class Facts {
 public:
  explicit Facts(std::string_view text) : numbers_(text) {}

  /// `standard`: what it may be without being there.
  void number(std::string_view name, const std::optional<std::uint64_t>& value,
              std::initializer_list<std::uint64_t> standard = {});
  void signed_number(std::string_view name, const std::optional<int>& value);
  /// Said in units of so many nanoseconds.
  void seconds(std::string_view name, const std::optional<double>& value, std::uint64_t unit = 1);
  /// Computed from others: only compared.
  void derived(std::string_view name, const std::optional<std::uint64_t>& value);
  void text(std::string_view name, std::string_view value);
  void texts(std::string_view name, const std::vector<std::pair<std::string, std::string>>& values);
  void time(std::string_view name, const std::optional<WallTime>& value);

  [[nodiscard]] const WholeNumbers& numbers() const { return numbers_; }
  friend bool operator==(const Facts& a, const Facts& b) { return a.facts_ == b.facts_; }

 private:
  WholeNumbers numbers_;
  std::vector<std::pair<std::string, std::string>> facts_;
};

/// Whether two texts are the same, except that a number may differ in its last digits: RapidJSON's
/// reader may miss them.
[[nodiscard]] bool is_same_but_for_rounding(std::string_view a, std::string_view b);

/// The same JSON with white space wherever it may stand.
[[nodiscard]] std::string spaced(std::string_view json);

/// Parses JSON; `facts(value, facts)` tells and checks what came out. Neither white space nor, in
/// an object, an unknown key may change any of it.
template <class T, class Describe>
void check_json(std::string_view json, Result<T> (*parse)(std::string_view),
                const Describe& describe) {
  const auto outcome = [&](std::string_view text) -> std::optional<Facts> {
    const auto value = parse(text);
    if (!value) {
      if (value.error().code != Errc::bad_reply) finding("an error of another kind");
      return std::nullopt;
    }
    Facts facts(json);
    describe(*value, facts);
    return facts;
  };
  const auto facts = outcome(json);
  if (outcome(spaced(json)) != facts) finding("white space made a difference");
  const auto first = json.find_first_not_of(" \t\r\n");
  if (!facts || first == std::string_view::npos || json[first] != '{') return;
  const auto body = json.substr(first + 1);
  const bool is_empty =
      body.substr(std::min(body.find_first_not_of(" \t\r\n"), body.size()))[0] == '}';
  const auto decoyed = R"({"unknown":{"value":4711,"usage":4711})" +
                       std::string(is_empty ? "" : ",") + std::string(body);
  if (outcome(decoyed) != facts) finding("an unknown key made a difference");
}

}  // namespace tidegauge::fuzz
