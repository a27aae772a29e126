#pragma once

// Members of JSON objects that may be absent: what is not known is not written. A reader takes
// those that must be of a type where they are present. The first mistake is kept, so that it checks
// once, at its end:
//
//   Members members(document.root());
//   const auto port = members.count("port");
//   if (const auto mistake = members.mistake()) return fail(Errc::bad_reply, *mistake);
//
// Belongs to one reader. The document outlives it.

#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tidegauge/json/reader.h"
#include "tidegauge/json/writer.h"
#include "tidegauge/util/time.h"
#include "tidegauge/util/timestamp.h"

namespace tidegauge::app {

/// Writes a member, unless its value is absent or a number that JSON does not have.
template <class Value>
void write_known(json::Writer& writer, std::string_view name, const std::optional<Value>& value) {
  if constexpr (std::floating_point<Value>) {
    if (value && !std::isfinite(*value)) return;
  }
  if (value) writer.key(name).value(*value);
}

class Members {
 public:
  explicit Members(json::Value object) : object_(object) {
    if (!object.is_object()) note("", "is no object");
  }

  [[nodiscard]] json::Value at(std::string_view name) const { return object_[name]; }

  /// Empty where it is absent.
  std::string text(std::string_view name) {
    return std::string(read(name, &json::Value::text_view, "is no text").value_or(""));
  }
  std::optional<std::uint64_t> count(std::string_view name) {
    return read(name, &json::Value::count, "is no count");
  }
  std::optional<int> integer(std::string_view name) {
    return read(name, &json::Value::integer<int>, "is no whole number");
  }
  std::optional<double> number(std::string_view name) {
    return read(name, &json::Value::number, "is no number");
  }
  /// False where it is absent.
  bool flag(std::string_view name) {
    return read(name, &json::Value::boolean, "is neither true nor false").value_or(false);
  }
  std::optional<WallTime> time(std::string_view name) {
    return parsed(name, parse_timestamp, "is no time");
  }
  /// What `parse` makes of a text: an optional, empty for a text without a meaning.
  template <class Parse, class Parsed = std::invoke_result_t<Parse, std::string_view>>
  Parsed parsed(std::string_view name, Parse parse, std::string_view what) {
    const auto member = object_[name];
    const auto text = member.text_view();
    auto value = text ? parse(*text) : Parsed{};
    if (member.is_present() && !value) note(name, what);
    return value;
  }

  /// Records that the member is absent, unless it is there.
  template <class T>
  T needed(std::string_view name, std::optional<T> value) {
    if (!object_[name].is_present()) note(name, "is missing");
    return std::move(value).value_or(T{});
  }

  /// Records a mistake.
  void note(std::string_view name, std::string_view what) {
    if (mistake_) return;
    mistake_ = name.empty() ? std::string(what) : std::string(name) + " " + std::string(what);
  }
  /// The first mistake, as "ended_at is missing".
  [[nodiscard]] const std::optional<std::string>& mistake() const noexcept { return mistake_; }

 private:
  template <class T>
  std::optional<T> read(std::string_view name,
                        std::optional<T> (json::Value::*read_value)() const noexcept,
                        std::string_view what) {
    const auto member = object_[name];
    auto value = (member.*read_value)();
    if (member.is_present() && !value) note(name, what);
    return value;
  }

  json::Value object_;
  std::optional<std::string> mistake_;
};

}  // namespace tidegauge::app
