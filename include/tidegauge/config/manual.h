#pragma once

// The table of options for what is shipped beside the program: the manual page, the completion of
// shells, and /etc/default/tidegauge. Free functions over a constant table, so thread-safe.

#include <string>
#include <vector>

namespace tidegauge::config {

struct OptionSummary {
  std::string path;                  ///< "pool.max_connections"
  std::string type;                  ///< "number"
  std::string text;                  ///< the first sentence of its help
  std::string default_value;         ///< as on the command line
  std::vector<std::string> choices;  ///< what is allowed of the type "choice"; otherwise empty
};

/// Of every option, in the order of the documentation.
[[nodiscard]] std::vector<OptionSummary> option_summaries();

/// tidegauge.yaml(5), `docs/man/tidegauge.yaml.5`: what `print_reference` says.
[[nodiscard]] std::string print_manual();

}  // namespace tidegauge::config
