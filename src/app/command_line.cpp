#include "app/command_line.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "app/text_columns.h"

namespace tidegauge::app {
namespace {

constexpr std::array<CommandLineOption, 8> all_options{{
    {"--config", "FILE",
     "the configuration; otherwise the file that TIDEGAUGE_CONFIG names, or "
     "/etc/tidegauge/config.yaml where it exists",
     std::nullopt},
    {"--once", "", "one cycle; the page goes to standard output", Action::once},
    {"--check-config", "", "say whether the configuration is valid", Action::check_config},
    {"--print-config", "", "print the configuration in effect", Action::print_config},
    {"--healthcheck", "",
     "ask the daemon that runs with this configuration; exit status 0 if it is well",
     Action::healthcheck},
    {"--exits", "[[ENDPOINT/]NAME]",
     "ask that daemon how the latest runs of containers ended, and why; with a container's name, "
     "the evidence for each of its ends",
     Action::exits},
    {"--version", "", "print the version", Action::version},
    {"--help", "", "print this", Action::help},
}};

/// The option of the table that describes all options of the configuration.
constexpr CommandLineOption any_setting{
    "--SECTION.OPTION=VALUE", "",
    "an option of the configuration, as --web.listen_address=:9717; stronger than the environment "
    "(TIDEGAUGE_WEB_LISTEN_ADDRESS) and the file",
    std::nullopt};

std::optional<Action> action_of(std::string_view argument) {
  if (argument == "-h") return Action::help;
  const auto* const row = std::ranges::find(all_options, argument, &CommandLineOption::name);
  return row == all_options.end() ? std::nullopt : row->action;
}

/// The option and its help side by side, or below each other where the option is too long.
std::string help_of(const CommandLineOption& row) {
  constexpr std::size_t column = 20;
  auto option = "  " + std::string(row.name);
  if (!row.argument.empty()) option += " " + std::string(row.argument);
  const auto help = wrapped(row.help, {.indent = column, .hanging = column});
  return option.size() < column ? option + help.substr(option.size()) : option + "\n" + help;
}

std::unexpected<Error> mistake(std::string_view argument, std::string_view what) {
  return fail(Errc::invalid_config,
              std::string(argument) + ": " + std::string(what) + "; see tidegauge --help");
}

}  // namespace

Result<CommandLine> parse_command_line(std::span<const char* const> arguments) {
  CommandLine line;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    const auto equals = argument.find('=');
    const auto name = argument.substr(0, equals);
    if (const auto action = action_of(argument)) {
      line.action = *action;
      const bool names_container = *action == Action::exits && i + 1 < arguments.size() &&
                                   !std::string_view(arguments[i + 1]).starts_with('-');
      if (names_container) line.container = arguments[++i];
    } else if (name == "--config") {
      const bool separate = equals == std::string_view::npos;
      if (separate && i + 1 == arguments.size()) return mistake(argument, "needs a file");
      line.config_file = separate ? arguments[++i] : argument.substr(equals + 1);
      if (line.config_file.empty()) return mistake(argument, "needs a file");
    } else if (name.starts_with("--") && name.find('.') != std::string_view::npos) {
      if (equals == std::string_view::npos)
        return mistake(argument, "needs a value: " + std::string(name) + "=VALUE");
      line.overrides.emplace_back(name.substr(2), argument.substr(equals + 1));
    } else {
      return mistake(argument, "is not an option");
    }
  }
  return line;
}

std::span<const CommandLineOption> command_line_options() noexcept {
  return all_options;
}

std::string usage() {
  std::string settings;
  std::string actions;
  for (const auto& row : all_options) (row.action ? actions : settings) += help_of(row);
  return "tidegauge: metrics of Docker containers for Prometheus\n\n"
         "Usage: tidegauge [--config FILE] [--SECTION.OPTION=VALUE ...] [ACTION]\n\n" +
         settings + help_of(any_setting) +
         "\nWithout an action it runs until SIGTERM or SIGINT. Actions:\n" + actions +
         "\nExit status: 0 success; 1 failure; 2 a mistake in the configuration or on the command "
         "line.\nEvery option is described in tidegauge.yaml(5) and docs/configuration.md.\n";
}

}  // namespace tidegauge::app
