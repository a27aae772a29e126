#pragma once

// The command line as a value. What it may say is the table `command_line_options` and, as
// --SECTION.OPTION=VALUE, the options of the configuration. Pure functions over constants.

#include <cstdint>
#include <optional>
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
  exits,         ///< asks a running daemon how runs of containers ended
  version,
  help
};

struct CommandLine {
  Action action = Action::run;
  std::string config_file;                                     ///< empty if absent
  std::string container;                                       ///< of --exits; empty: all
  std::vector<std::pair<std::string, std::string>> overrides;  ///< --pool.max_connections=8
};

/// A row of the table.
struct CommandLineOption {
  std::string_view name;         ///< "--exits"
  std::string_view argument;     ///< "[[ENDPOINT/]NAME]"; empty: none
  std::string_view help;         ///< without a capital and a full stop
  std::optional<Action> action;  ///< none: a setting, which goes with every action
};

/// In the order of the help.
[[nodiscard]] std::span<const CommandLineOption> command_line_options() noexcept;

/// `arguments` without the program's name.
[[nodiscard]] Result<CommandLine> parse_command_line(std::span<const char* const> arguments);

/// What --help prints.
[[nodiscard]] std::string usage();

}  // namespace tidegauge::app
