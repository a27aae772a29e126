#pragma once

// The settings of one source (file, environment, command line), each with its place, and the list
// of mistakes. Used by the loader.

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/options.h"
#include "tidegauge/config/loader.h"

namespace tidegauge::config {

/// The place of a setting. Ordered: the stronger source is greater, then the later line.
struct Origin {
  enum class Source : std::uint8_t { built_in, file, docker_host, environment, command_line };

  Source source = Source::built_in;
  int line = 0;                   ///< in a file
  std::string where = "default";  ///< as messages show it

  friend auto operator<=>(const Origin&, const Origin&) = default;
};

[[nodiscard]] Origin in_file(const std::string& path, int line);

struct Setting {
  const Option* option;
  std::string spelling;  ///< the path or alias that was used
  Origin origin;
  Parsed<Value> value;  ///< or the reason why it is not valid
};

class MistakeList {
 public:
  void add(const Origin& origin, std::string what);
  [[nodiscard]] bool empty() const { return mistakes_.empty(); }
  /// Sorted by origin; mistakes of the same origin in the order of adding.
  [[nodiscard]] std::vector<Mistake> sorted() const;

 private:
  std::multimap<Origin, std::string> mistakes_;
};

}  // namespace tidegauge::config
