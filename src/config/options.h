#pragma once

// The one table of options. A row is everything there is to know about an option: its path, where
// its value lies in a Config, its type and bounds, its other names and its help. Parsing, bounds,
// environment variables, command-line options, `--print-config`, `config/config.yaml` and
// `docs/configuration.md` all follow from it. The list `endpoints` alone is not a row: it has a
// shape of its own (`endpoint_list.h`). The rows of its short form describe one Engine, the first,
// and are the fields of its entries as well.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/value_types.h"
#include "tidegauge/config/config.h"

namespace tidegauge::config {

struct Option {
  std::string path;  ///< "pool.max_connections": section and name
  std::string type;
  std::string allowed;
  std::string help;
  std::vector<std::string> aliases;  ///< other paths that mean the same
  bool is_list = false;
  bool describes_endpoint = false;  ///< part of the short form, which excludes the list `endpoints`

  /// Sets the member, or returns the mistake.
  std::function<Parsed<void>(Config&, const Value&)> set;
  std::function<Value(const Config&)> get;

  [[nodiscard]] std::string_view section() const;
  [[nodiscard]] std::string_view name() const;
  /// The path, then the aliases.
  [[nodiscard]] std::vector<std::string> spellings() const;
};

struct Section {
  std::string name;
  std::string help;
};

/// The row of the address of the short form. Its default follows what is found on the machine.
inline constexpr std::string_view endpoint_path = "pool.socket_path";

/// The row whose default follows a smaller pool.
inline constexpr std::string_view in_flight_path = "container_monitor.max_in_flight";

/// Whether the shipped file has it as a comment: its default follows something, or it would have to
/// be deleted for a list `endpoints`.
[[nodiscard]] inline bool is_comment_in_example(const Option& option) {
  return option.describes_endpoint || option.path == in_flight_path;
}

/// In the order of the documentation: by section.
[[nodiscard]] const std::vector<Option>& options();
[[nodiscard]] const std::vector<Section>& sections();

/// The option of that path or alias; null when there is none.
[[nodiscard]] const Option* find_option(std::string_view spelling);

/// Whether metrics.enable allows this word.
[[nodiscard]] bool is_optional_group(std::string_view word);

/// "TIDEGAUGE_POOL_MAX_CONNECTIONS" of "pool.max_connections".
[[nodiscard]] std::string environment_variable(std::string_view spelling);

/// A value on one line, as the documentation and messages show it.
[[nodiscard]] std::string one_line(const Value& value);

}  // namespace tidegauge::config
