#pragma once

// What a source says: settings, each with the place where it stands, and the mistakes found.

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/options.h"
#include "tidegauge/config/loader.h"

namespace tidegauge::config {

/// Where something is said, ordered: the stronger source, then the later line, is greater.
struct Origin {
  enum class Source : std::uint8_t { built_in, file, docker_host, environment, command_line };

  Source source = Source::built_in;
  int line = 0;                   ///< of a file
  std::string where = "default";  ///< as users read it

  friend auto operator<=>(const Origin&, const Origin&) = default;
};

[[nodiscard]] Origin in_file(const std::string& path, int line);

struct Setting {
  const Option* option;
  std::string spelling;  ///< the path or alias that was used
  Origin origin;
  Parsed<Value> value;  ///< or why there is none
};

class MistakeList {
 public:
  void add(const Origin& origin, std::string what);
  [[nodiscard]] bool empty() const { return mistakes_.empty(); }
  /// By origin; of one origin in the order of adding.
  [[nodiscard]] std::vector<Mistake> sorted() const;

 private:
  std::multimap<Origin, std::string> mistakes_;
};

}  // namespace tidegauge::config
