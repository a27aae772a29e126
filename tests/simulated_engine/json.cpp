#include "simulated_engine/json.h"

#include <array>

namespace tidegauge::test::json {

namespace {

void append_escaped(std::string& text, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"':
      text += "\\\"";
      return;
    case '\\':
      text += "\\\\";
      return;
    case '\n':
      text += "\\n";
      return;
    case '\r':
      text += "\\r";
      return;
    case '\t':
      text += "\\t";
      return;
    default:
      break;
  }
  const auto code = static_cast<unsigned char>(c);
  if (code >= 0x20) {
    text += c;
  } else {
    text.append("\\u00").append({digits[code >> 4U], digits[code & 0xFU]});
  }
}

}  // namespace

Value::Value(std::string_view text) : text_("\"") {
  for (const char c : text) append_escaped(text_, c);
  text_ += '"';
}

Value Value::raw(std::string text) {
  Value value(nullptr);
  value.text_ = std::move(text);
  return value;
}

Value object(const Members& members) {
  std::string text = "{";
  for (const auto& [name, value] : members) {
    if (text.size() > 1) text += ',';
    text.append(Value(name).text()).append(":").append(value.text());
  }
  return Value::raw(text + "}");
}

Value text_object(const std::vector<std::pair<std::string, std::string>>& members) {
  return object(Members(members.begin(), members.end()));
}

Value array(const std::vector<Value>& elements) {
  std::string text = "[";
  for (const auto& element : elements) {
    if (text.size() > 1) text += ',';
    text += element.text();
  }
  return Value::raw(text + "]");
}

}  // namespace tidegauge::test::json
