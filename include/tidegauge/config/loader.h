#pragma once

// From a configuration file, the environment and the command line to a Config. The only layer
// that knows yaml-cpp; everything that an option is stands in the one table of
// `src/config/options.cpp`. `docs/configuration.md` is the user's view of the rules here.
//
// Precedence, weakest first: default, file, DOCKER_HOST, TIDEGAUGE_*, command line. An option may
// have other names (aliases), which mean the same in every source; a source that says one thing
// twice is a mistake, except for the command line, where the last one counts.
//
// The variables of the docker command count where DOCKER_HOST does: DOCKER_TLS_VERIFY, DOCKER_TLS
// and DOCKER_CERT_PATH (`src/config/docker_variables.h`). Certificates that cannot be read are
// mistakes.
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
  std::string found_socket;  ///< of `find_engine_socket`, for where none of these says an address
};

struct Loaded {
  Config config;
  std::vector<std::string> warnings;  ///< to be logged, as DOCKER_HOST beside `endpoints`
  std::string addresses_from;         ///< "DOCKER_HOST", "config.yaml:3", "found", "default" ...
};

/// Either a valid Config or every mistake at once, those of the file first and by line; nothing is
/// silently corrected.
[[nodiscard]] std::expected<Loaded, std::vector<Mistake>> load(const Sources& sources);

/// Every mistake on its line, "WHERE: WHAT".
[[nodiscard]] std::string to_string(const std::vector<Mistake>& mistakes);

/// The first of the sockets at which Docker or Podman listen by themselves; empty where there is
/// none. `runtime_directory` is XDG_RUNTIME_DIR, `root` what stands before every other path.
[[nodiscard]] std::string find_engine_socket(const std::string& runtime_directory,
                                             const std::string& root = "");

/// The whole configuration as a file that `load` reads back to the same Config. A comment says
/// where the addresses are from.
[[nodiscard]] std::string print_config(const Config& config,
                                       const std::string& addresses_from = "default");

/// The shipped `config/config.yaml`: every option with its help as a comment, at its default.
[[nodiscard]] std::string print_example_file();

/// `docs/configuration.md`.
[[nodiscard]] std::string print_reference();

}  // namespace tidegauge::config
