#pragma once

// What must be so for an Engine to be asked, as far as can be told before it is.

#include <string>
#include <utility>
#include <vector>

#include "tidegauge/config/config.h"

namespace tidegauge::config {

/// By the name of the option, as "tls_ca_file": what is wrong with it, and what to do. Looks at the
/// files. That there is no socket is no mistake: the Engine may start later.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> endpoint_mistakes(
    const EndpointConfig& engine);

}  // namespace tidegauge::config
