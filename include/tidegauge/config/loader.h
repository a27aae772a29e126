#pragma once

// From a configuration file, the environment and the command line to a Config. The only layer
// that knows yaml-cpp; everything that an option is stands in the one table of
// `src/config/options.cpp`. `docs/configuration.md` is the user's view of the rules here.
//
// Precedence, weakest first: default, file, DOCKER_HOST, TIDEGAUGE_*, command line. An option may
// have other names (aliases), which mean the same in every source; a source that says one thing
// twice is a mistake, except for the command line, where the last one counts.
//
// Free functions without state: thread-safe, and nothing outlives a call.

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "tidegauge/config/config.h"

namespace tidegauge::config {

/// One mistake, worded so that it can be mended: "config.yaml:7: pool.max_connections: 0 is ...".
struct Mistake {
  std::string where;  ///< a file and line, an environment variable, or a command-line option
  std::string what;   ///< what is wrong, and what is allowed
};

struct Sources {
  std::string file;                      ///< path; empty: no file, defaults alone
  std::vector<std::string> environment;  ///< "NAME=value", as from environ; others are ignored
  std::vector<std::pair<std::string, std::string>> overrides;  ///< option path and value
};

struct Loaded {
  Config config;
  std::vector<std::string> warnings;  ///< to be logged, as DOCKER_HOST beside `endpoints`
};

/// Either a valid Config or every mistake at once, those of the file first and by line; nothing is
/// silently corrected.
[[nodiscard]] std::expected<Loaded, std::vector<Mistake>> load(const Sources& sources);

/// Every mistake on its line, "WHERE: WHAT".
[[nodiscard]] std::string to_string(const std::vector<Mistake>& mistakes);

/// The whole configuration as a file that `load` reads back to the same Config.
[[nodiscard]] std::string print_config(const Config& config);

/// The shipped `config/config.yaml`: every option with its help as a comment, at its default.
[[nodiscard]] std::string print_example_file();

/// `docs/configuration.md`.
[[nodiscard]] std::string print_reference();

}  // namespace tidegauge::config
