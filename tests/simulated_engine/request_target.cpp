#include "simulated_engine/request_target.h"

#include <algorithm>
#include <charconv>

namespace tidegauge::test {

namespace {

/// The text before the separator; what follows it remains in `rest`.
std::string_view cut(std::string_view& rest, char separator) {
  const auto at = std::min(rest.find(separator), rest.size());
  const auto head = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return head;
}

std::string decode(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    unsigned code = 0;
    const auto hex = text.substr(std::min(at + 1, text.size()), 2);
    if (text[at] == '+') {
      decoded += ' ';
    } else if (text[at] == '%' && hex.size() == 2 &&
               std::from_chars(hex.begin(), hex.end(), code, 16).ptr == hex.end()) {
      decoded += static_cast<char>(code);
      at += 2;
    } else {
      decoded += text[at];
    }
  }
  return decoded;
}

/// Takes "/v1.41" off the path, where there is one.
std::string take_version(std::string_view& path) {
  if (!path.starts_with("/v")) return {};
  const auto end = std::min(path.find('/', 1), path.size());
  const auto version = path.substr(2, end - 2);
  if (version.empty() || version.find_first_not_of("0123456789.") != std::string_view::npos) {
    return {};
  }
  path.remove_prefix(end);
  return std::string(version);
}

}  // namespace

std::string RequestTarget::value(std::string_view name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

RequestTarget parse_target(std::string_view text) {
  RequestTarget target;
  auto path = cut(text, '?');
  target.version = take_version(path);
  target.path = path;
  while (!text.empty()) {
    auto pair = cut(text, '&');
    const auto name = decode(cut(pair, '='));
    target.query[name] = decode(pair);
  }
  return target;
}

std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace tidegauge::test
