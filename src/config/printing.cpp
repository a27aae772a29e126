// print_config, print_example_file and print_reference: the table of options, written out.

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "config/options.h"
#include "config/rules.h"
#include "tidegauge/config/loader.h"

namespace tidegauge::config {
namespace {

constexpr std::size_t width = 100;

/// `text` as a YAML scalar, quoted only where it must be.
std::string scalar_text(const std::string& text) {
  YAML::Emitter emitter;
  emitter << text;
  return emitter.c_str();
}

/// "  name: value", a list below its name.
std::string entry(const Option& option, const Config& config) {
  const auto value = option.get(config);
  auto out = "  " + std::string(option.name()) + ":";
  if (const auto* text = std::get_if<std::string>(&value))
    return out + " " + scalar_text(*text) + "\n";
  const auto& items = std::get<std::vector<std::string>>(value);
  if (items.empty()) return out + " []\n";
  out += "\n";
  for (const auto& item : items) out += "    - " + scalar_text(item) + "\n";
  return out;
}

/// `text` in lines of bearable width, each behind `prefix`.
std::string wrapped(std::string_view text, std::string_view prefix) {
  std::string out;
  std::string line(prefix);
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (line.size() + 1 + end > width && line.size() > prefix.size()) {
      out += line + "\n";
      line = prefix;
    }
    line += " " + std::string(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + line + "\n";
}

constexpr std::string_view example_head =
    R"(# The configuration of tidegauge. Every option is here at its default: change what you need, or
# leave the file as it is. docs/configuration.md says more, as on environment variables.
#
# To watch several Engines, name them here instead of pool.socket_path and pool.tls_*:
#
# endpoints:
#   - name: local
#     socket_path: unix:///var/run/docker.sock
#   - name: build
#     socket_path: https://build.example.org:2376
#     tls_ca_file: /etc/tidegauge/ca.pem
)";

constexpr std::string_view reference_head = R"(# Configuration

<!-- Printed from the table in src/config/options.cpp. Run the tests with TIDEGAUGE_UPDATE=1 in the
     environment to print it anew after a change. -->

tidegauge reads one YAML file, `config.yaml`. Every option has a default, so an empty file will do;
the shipped `config/config.yaml` holds every option at its default. `tidegauge --check-config`
checks a file, `tidegauge --print-config` prints what is in effect.

Whatever is wrong is reported, all of it at once and each mistake with its line, and nothing is
corrected silently: an unknown key, a value that is out of bounds and a rule that two options break
are mistakes. The daemon does not start with one.

## Where an option may be set

From the weakest to the strongest:

1. the default
2. the file
3. `DOCKER_HOST`, for the Engine alone, and with it the variables that the docker command reads. They
   mean what they mean there: with `DOCKER_TLS_VERIFY` or `DOCKER_TLS`, which is any text, `tcp://` is
   TLS, with the latter alone not verified; the files are `ca.pem`, `cert.pem` and `key.pem` in
   `DOCKER_CERT_PATH` or `~/.docker`. They take the place of all `pool.tls_*` of the file. They are
   ignored, with a warning, where the file has a list `endpoints`
4. the environment: `TIDEGAUGE_` and the path of the option in capitals, with `_` for the dot, as
   `TIDEGAUGE_POOL_MAX_CONNECTIONS=8`. An unknown variable that begins with `TIDEGAUGE_` is a
   mistake, except for `TIDEGAUGE_CONFIG`, which names the file, and `TIDEGAUGE_DOCKER_PID_FILE` (see
   `pool.engine_pid_file`)
5. the command line: `--pool.max_connections=8`. The last of several counts

Some options have further names, which mean the same in all of these places. An option that is set
under one name in the file is overridden under any name by the environment or the command line. To
say one thing twice in the file, or twice in the environment, is a mistake.

## How values are written

- **duration**: whole numbers with a unit, the largest first: `10s`, `500ms`, `5m`, `1h`, `1m30s`. A
  number without a unit is a mistake, except for `0`.
- **list of text**: a YAML list in the file; in the environment and on the command line, the items
  with commas between them. Nothing at all is the empty list.
- **Engine address**: `unix:///var/run/docker.sock` or the path alone, absolute and at most 107
  bytes long; `tcp://host:port` (2375 when there is no port) is plain HTTP; `https://host:port` (2376)
  is TLS.
- **file**: an absolute path. Files of TLS are looked at when the configuration is read, and read
  again for every connection: they may be replaced while the daemon runs.

## Which Engines are watched

One Engine is the short form, `pool.socket_path` and `pool.tls_*`; it is called `local`. Where nothing
says its address, it is the first socket that is there of `/var/run/docker.sock`,
`$XDG_RUNTIME_DIR/docker.sock`, `/run/podman/podman.sock` and `$XDG_RUNTIME_DIR/podman/podman.sock`.
`tidegauge --print-config` says which, and who said so. Several Engines are a list:

```yaml
endpoints:
  - name: local
    socket_path: unix:///var/run/docker.sock
  - name: build
    socket_path: https://build.example.org:2376
    tls_ca_file: /etc/tidegauge/ca.pem
    tls_cert_file: /etc/tidegauge/cert.pem
    tls_key_file: /etc/tidegauge/key.pem
    stats_source: engine   # may be left out: container_monitor.stats_source
```

Every name is there once, and has 1 to 63 of the characters `a-z A-Z 0-9 _ . -`. It is the label
`endpoint` of the metrics. The short form and the list do not go together, wherever the short form
is set. Each Engine has a pool of its own, with the options of `pool`.
)";

std::string reference_entry(const Option& option) {
  auto out = "\n### `" + option.path + "`\n\n" + option.help + "\n\n";
  out += "- type: " + option.type + "; allowed: " + option.allowed + "\n";
  out += "- default: `" + one_line(option.get(Config{})) + "`\n";
  out += "- environment: `" + environment_variable(option.path) + "`\n";
  std::string aliases;
  for (const auto& alias : option.aliases) {
    aliases += (aliases.empty() ? "`" : ", `") + alias + "`";
  }
  return aliases.empty() ? out : out + "- other names: " + aliases + "\n";
}

std::string reference_rules() {
  std::string out = "\n## Rules between options\n\n";
  for (const auto& rule : rules()) {
    out += "- `" + std::string(rule.lesser) + "` must be " + std::string(rule.relation) + " `" +
           std::string(rule.greater) + "`: " + std::string(rule.why) + "\n";
  }
  return out;
}

}  // namespace

std::string print_config(const Config& config, const std::string& addresses_from) {
  std::string out = "endpoints:  # " + addresses_from + "\n";
  for (const auto& endpoint : config.endpoints) {
    Config alone;
    alone.endpoints = {endpoint};
    out += "  - name: " + scalar_text(endpoint.name) + "\n";
    for (const auto& option : options()) {
      const bool is_said =
          option.path == endpoint_path || option.get(alone) != option.get(Config{});
      if (option.describes_endpoint && is_said) out += "  " + entry(option, alone);
    }
    if (!endpoint.stats_source) continue;
    out += "    stats_source: " + one_line(stats_choice().print(*endpoint.stats_source)) + "\n";
  }
  for (const auto& section : sections()) {
    out += "\n" + section.name + ":\n";
    for (const auto& option : options()) {
      if (option.section() != section.name || option.describes_endpoint) continue;
      out += entry(option, config);
    }
  }
  return out;
}

std::string print_example_file() {
  std::string out(example_head);
  for (const auto& section : sections()) {
    out += "\n" + wrapped(section.help, "#") + section.name + ":\n";
    for (const auto& option : options()) {
      if (option.section() != section.name) continue;
      out += wrapped(option.help + " Allowed: " + option.allowed + ".", "  #");
      const auto line = entry(option, Config{});
      out += (is_comment_in_example(option) ? "  # " + line.substr(2) : line) + "\n";
    }
    out.pop_back();  // the empty line between options
  }
  return out;
}

std::string print_reference() {
  std::string out(reference_head);
  for (const auto& section : sections()) {
    out += "\n## `" + section.name + "`\n\n" + section.help + "\n";
    for (const auto& option : options()) {
      if (option.section() == section.name) out += reference_entry(option);
    }
  }
  return out + reference_rules();
}

}  // namespace tidegauge::config
