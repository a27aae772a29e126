#include "app/manual.h"

#include <cstdint>
#include <string_view>

#include "app/command_line.h"
#include "app/text_columns.h"
#include "tidegauge/config/manual.h"
#include "tidegauge/util/man_page.h"

namespace tidegauge::app {
namespace {

constexpr std::string_view manual_head = R"(## Synopsis

`tidegauge` [`--config` FILE] [`--SECTION.OPTION=VALUE` ...] [ACTION]

## Description

tidegauge watches the containers of Docker Engines and serves metrics about them to Prometheus, at
`http://127.0.0.1:9717/metrics` unless the configuration says otherwise. It sends only `GET` and
`HEAD` to an Engine, and reads the resource usage of containers from the kernel's files where it can
see them.

Without an action it runs until SIGTERM or SIGINT. It runs while an Engine is down, shows it as down,
and waits. Its user needs permission to open the Engine's socket, usually by the group `docker`, which
amounts to root on the host.

## Settings

Each option of the configuration may be set as `--SECTION.OPTION=VALUE`, for example
`--web.listen_address=:9717`. The command line is stronger than the environment
(`TIDEGAUGE_WEB_LISTEN_ADDRESS`), and the environment is stronger than the file.
**tidegauge.yaml**(5) has every option.
)";

constexpr std::string_view manual_tail = R"(
## Signals

- `SIGHUP`: reads the configuration again and applies what has changed. A file with mistakes, or with a
  change that needs a restart, changes nothing; the log has the reason.
- `SIGTERM`, `SIGINT`: ends the program.

## Exit status

- 0: ended by a signal, or the action was done
- 1: it could not start, an Engine was down (`--once`), no daemon gave a good answer (`--healthcheck`,
  `--exits`), or output could not be written
- 2: a mistake in the configuration or on the command line; nothing was started

## Files

- `/etc/tidegauge/config.yaml`: the configuration
- `/etc/default/tidegauge`: options of the command line and variables for the systemd service
- `/run/tidegauge`: the private socket of the service, which `--healthcheck` and `--exits` ask. From
  outside the service they find it by `--path.runtime=/run/tidegauge`
- `/var/lib/tidegauge`: how runs of containers ended, and the counters of names

## See also

**tidegauge.yaml**(5), **docker**(1), **prometheus**(1), **systemctl**(1)
)";

constexpr std::string_view arguments_head =
    R"(# Options of the command line for the systemd service tidegauge, in ARGS. They override
# /etc/tidegauge/config.yaml, which systemctl reload tidegauge reads again; a change in this file needs
# systemctl restart tidegauge. tidegauge.yaml(5) says what the options mean. Variables for the service
# may stand here as well, as TIDEGAUGE_LOG_LEVEL=warn.
#
# ARGS="--log.level=warn --web.listen_address=:9717"
ARGS=""

# The options at their defaults:
)";

/// Rows with an action, or those without.
enum class Rows : std::uint8_t { settings, actions };

std::string described(Rows wanted) {
  std::string out;
  for (const auto& row : command_line_options()) {
    if (row.action.has_value() != (wanted == Rows::actions)) continue;
    out += "\n### `" + std::string(row.name) + "`";
    if (!row.argument.empty()) out += " " + std::string(row.argument);
    out += "\n\n" + std::string(row.help) + "\n";
  }
  return out;
}

/// Each line of `lines` as an indented comment.
std::string comment(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const auto end = lines.find('\n') + 1;
    out += "#     " + std::string(lines.substr(0, end));
    lines.remove_prefix(end);
  }
  return out;
}

}  // namespace

std::string print_manual() {
  return man_page({.name = "tidegauge",
                   .section = 8,
                   .description = "metrics of Docker containers for Prometheus"},
                  std::string(manual_head) + described(Rows::settings) + "\n## Actions\n" +
                      described(Rows::actions) + std::string(manual_tail));
}

std::string print_service_arguments() {
  std::string out(arguments_head);
  for (const auto& option : config::option_summaries()) {
    out += "#\n# --" + option.path + "=" + option.default_value + "\n";
    out += comment(wrapped(option.text, {.width = 90}));
  }
  return out;
}

}  // namespace tidegauge::app
