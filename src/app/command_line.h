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
  once,          ///< prints the page of one cycle
  check_config,  ///< checks the configuration
  print_config,  ///< prints the configuration in effect
  healthcheck,   ///< asks a running daemon for its health
  version,
  help
};

struct CommandLine {
  Action action = Action::run;
  std::string config_file;                                     ///< empty if absent
  std::vector<std::pair<std::string, std::string>> overrides;  ///< --pool.max_connections=8
};

/// `arguments` without the program's name.
[[nodiscard]] Result<CommandLine> parse_command_line(std::span<const char* const> arguments);

[[nodiscard]] std::string_view usage() noexcept;

}  // namespace tidegauge::app
