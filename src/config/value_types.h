#pragma once

// The types of options: how a value is written and what is allowed. Each function makes one type
// for a row of the table in `options.cpp`.

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/suggestions.h"
#include "tidegauge/config/config.h"
#include "tidegauge/model/container_glob.h"
#include "tidegauge/model/engine_address.h"
#include "tidegauge/util/time.h"

namespace tidegauge::config {

/// A value as it is written: text, or a list of text.
using Value = std::variant<std::string, std::vector<std::string>>;

/// What was read, or what is wrong with it, as "0 is less than 1".
template <class T>
using Parsed = std::expected<T, std::string>;

template <class T>
struct ValueType {
  std::string name;     ///< "duration"
  std::string allowed;  ///< "50ms to 5m"
  std::function<Parsed<T>(const Value&)> parse;
  std::function<Value(const T&)> print;  ///< what `parse` reads back
};

[[nodiscard]] ValueType<std::uint32_t> number(std::uint32_t low, std::uint32_t high);

/// `10s`, `500ms`, `1m30s`: whole numbers with units, the largest first.
[[nodiscard]] ValueType<Milliseconds> duration(Milliseconds low, Milliseconds high);
/// Likewise, or 0 with a meaning of its own.
[[nodiscard]] ValueType<Milliseconds> duration_or_zero(Milliseconds low, Milliseconds high);

[[nodiscard]] ValueType<bool> flag();
[[nodiscard]] ValueType<std::vector<std::string>> list_of_text();
[[nodiscard]] ValueType<std::vector<model::ContainerGlob>> list_of_globs();
/// One address of the web server, or a list of different ones.
[[nodiscard]] ValueType<std::vector<std::string>> listen_addresses();
/// Permission bits in octal, with or without a 0 in front.
[[nodiscard]] ValueType<std::uint32_t> file_mode();
/// A group by name or number, or nothing.
[[nodiscard]] ValueType<std::string> group_name();
/// An absolute path, or nothing.
[[nodiscard]] ValueType<std::string> file_path();
/// An absolute path of a directory, or nothing.
[[nodiscard]] ValueType<std::string> directory_path();
[[nodiscard]] ValueType<model::EngineAddress> engine_address();
[[nodiscard]] ValueType<std::string> absolute_path();
[[nodiscard]] ValueType<StatsChoice> stats_choice();

/// One of some words.
template <class Enum>
[[nodiscard]] ValueType<Enum> choice(const std::vector<std::pair<std::string, Enum>>& words);

/// Any number of them.
template <class Enum>
[[nodiscard]] ValueType<std::vector<Enum>> choices(
    const std::vector<std::pair<std::string, Enum>>& words);

/// The text of a value that must not be a list.
[[nodiscard]] Parsed<std::string> scalar(const Value& value);

template <class Enum>
ValueType<Enum> choice(const std::vector<std::pair<std::string, Enum>>& words) {
  std::vector<std::string> names;
  names.reserve(words.size());
  for (const auto& [name, meaning] : words) names.push_back(name);
  return {.name = "choice",
          .allowed = joined(names),
          .parse = [words](const Value& value) -> Parsed<Enum> {
            const auto text = scalar(value);
            if (!text) return std::unexpected(text.error());
            for (const auto& [name, meaning] : words) {
              if (name == *text) return meaning;
            }
            return std::unexpected(in_quotes(*text) + " is none of the choices");
          },
          .print = [words](const Enum& wanted) -> Value {
            for (const auto& [name, meaning] : words) {
              if (meaning == wanted) return name;
            }
            return std::string{};
          }};
}

template <class Enum>
ValueType<std::vector<Enum>> choices(const std::vector<std::pair<std::string, Enum>>& words) {
  const auto one = choice<Enum>(words);
  return {.name = "list of choices",
          .allowed = "any number of " + one.allowed,
          .parse = [one](const Value& value) -> Parsed<std::vector<Enum>> {
            const auto items = list_of_text().parse(value);
            if (!items) return std::unexpected(items.error());
            std::vector<Enum> all;
            for (const auto& item : *items) {
              auto parsed = one.parse(item);
              if (!parsed) return std::unexpected(parsed.error());
              all.push_back(*parsed);
            }
            return all;
          },
          .print = [one](const std::vector<Enum>& wanted) -> Value {
            std::vector<std::string> names;
            for (const auto& each : wanted) names.push_back(std::get<std::string>(one.print(each)));
            return names;
          }};
}

}  // namespace tidegauge::config
