#pragma once

// What a request asks for, taken apart: "/v1.41/events?since=3" is the version "1.41", the path
// "/events" and the query {since: "3"}.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tidegauge::test {

struct RequestTarget {
  std::string version;  ///< as written; empty without a prefix
  std::string path;     ///< the rest, not decoded
  std::map<std::string, std::string, std::less<>> query;

  /// Empty where the query has no such name.
  [[nodiscard]] std::string value(std::string_view name) const;
};

[[nodiscard]] RequestTarget parse_target(std::string_view text);

/// Text that is a whole number and nothing else.
[[nodiscard]] std::optional<int> parse_number(std::string_view text);

}  // namespace tidegauge::test
