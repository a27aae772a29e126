#pragma once

// The texts about the command line that are shipped beside the program: tidegauge(8) and
// /etc/default/tidegauge. Printed from the tables of the command line and of the options; pure
// functions.

#include <string>

namespace tidegauge::app {

/// tidegauge(8), `docs/man/tidegauge.8`.
[[nodiscard]] std::string print_manual();

/// /etc/default/tidegauge, `systemd/tidegauge.default`: every option of the configuration at its
/// default, as a comment.
[[nodiscard]] std::string print_service_arguments();

}  // namespace tidegauge::app
