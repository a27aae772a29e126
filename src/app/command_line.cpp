#include "app/command_line.h"

#include <array>
#include <optional>

namespace tidegauge::app {
namespace {

constexpr std::array<std::pair<std::string_view, Action>, 7> actions{{
    {"--once", Action::once},
    {"--check-config", Action::check_config},
    {"--print-config", Action::print_config},
    {"--healthcheck", Action::healthcheck},
    {"--version", Action::version},
    {"--help", Action::help},
    {"-h", Action::help},
}};

std::optional<Action> action_of(std::string_view argument) {
  for (const auto& [name, action] : actions) {
    if (name == argument) return action;
  }
  return std::nullopt;
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

std::string_view usage() noexcept {
  return R"(tidegauge: metrics of Docker containers for Prometheus

Usage: tidegauge [--config FILE] [--SECTION.OPTION=VALUE ...] [ACTION]

  --config FILE     the configuration; otherwise the file that TIDEGAUGE_CONFIG names, or
                    /etc/tidegauge/config.yaml where it exists
  --SECTION.OPTION=VALUE
                    an option of the configuration, as --web.listen_address=:9717;
                    stronger than the environment (TIDEGAUGE_WEB_LISTEN_ADDRESS) and the file

Without an action it runs until SIGTERM or SIGINT. Actions:
  --once            one cycle; the page goes to standard output
  --check-config    say whether the configuration is valid
  --print-config    print the configuration in effect
  --healthcheck     ask the daemon that runs with this configuration; exit status 0 if it is well
  --version         print the version
  --help            print this

Exit status: 0 success; 1 failure; 2 a mistake in the configuration or on the command line.
Every option is described in docs/configuration.md.
)";
}

}  // namespace tidegauge::app
