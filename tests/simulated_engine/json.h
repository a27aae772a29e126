#pragma once

// Just enough to write JSON as an expression, the way the Engine's own encoder does:
//
//   json::object({{"Id", id}, {"Names", json::array({"/web"})}, {"Labels", nullptr}})
//
// Deliberately not what the daemon reads JSON with: a mistake there must not cancel out here.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidegauge::test::json {

/// The text of one JSON value.
class Value {
 public:
  Value(std::nullptr_t) : text_("null") {}
  Value(std::string_view text);
  Value(const std::string& text) : Value(std::string_view(text)) {}
  Value(const char* text) : Value(std::string_view(text)) {}
  template <std::same_as<bool> Bool>
  Value(Bool value) : text_(value ? "true" : "false") {}
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  Value(Number number) : text_(std::to_string(number)) {}

  /// Text that is JSON already.
  [[nodiscard]] static Value raw(std::string text);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

using Members = std::vector<std::pair<std::string_view, Value>>;

[[nodiscard]] Value object(const Members& members);
/// An object whose values are all text, as labels are.
[[nodiscard]] Value text_object(const std::vector<std::pair<std::string, std::string>>& members);
[[nodiscard]] Value array(const std::vector<Value>& elements);

}  // namespace tidegauge::test::json
