#pragma once

// Writes JSON piece by piece to the end of a string. Used for pages of the daemon (app).
//
//   std::string out;
//   json::Writer writer(out);
//   writer.object([&] {
//     writer.key("pools").array([&] {
//       for (const auto& pool : pools) writer.value(pool.name);
//     });
//   });
//
// Callbacks close what they open, so brackets always match. The text is valid UTF-8: a byte that is
// no part of a character becomes the text "\xff". The owner of the string may take finished pieces
// out of it at any time. Not thread-safe; `out` must outlive the writer.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tidegauge::json {

class Writer {
 public:
  explicit Writer(std::string& out) noexcept : out_(&out) {}

  /// REQUIRES: `members` writes pairs, `key(...)` and then one value for each.
  template <std::invocable Members>
  void object(Members&& members) {
    open('{');
    std::forward<Members>(members)();
    close('}');
  }

  /// REQUIRES: `elements` writes values.
  template <std::invocable Elements>
  void array(Elements&& elements) {
    open('[');
    std::forward<Elements>(elements)();
    close(']');
  }

  /// REQUIRES: within an object. The next call writes the value.
  Writer& key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  /// NaN and infinities, which JSON does not have, become null.
  void value(double number);
  template <std::same_as<bool> Bool>
  void value(Bool truth) {
    raw(truth ? "true" : "false");
  }
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>)
  void value(Integer number) {
    raw(std::to_string(number));
  }
  void null() { raw("null"); }

 private:
  void open(char bracket);
  void close(char bracket);
  void raw(std::string_view json);
  void separate();

  std::string* out_;
  bool needs_comma_ = false;  // a value precedes at this level
};

}  // namespace tidegauge::json
