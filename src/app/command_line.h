#pragma once

// The command line as a value. What it may say is listed in `usage`.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidegauge/model/error.h"

namespace tidegauge::app {

enum class Action : std::uint8_t {
  run,
  once,          ///< one cycle, the page on standard output
  check_config,  ///< says whether the configuration is valid
  print_config,  ///< the configuration in effect
  healthcheck,   ///< asks the daemon that runs with this configuration
  version,
  help
};

struct CommandLine {
  Action action = Action::run;
  std::string config_file;                                     ///< empty: it does not say
  std::vector<std::pair<std::string, std::string>> overrides;  ///< --pool.max_connections=8
};

/// `arguments` without the program's name.
[[nodiscard]] Result<CommandLine> parse_command_line(std::span<const char* const> arguments);

[[nodiscard]] std::string_view usage() noexcept;

}  // namespace tidegauge::app
