#pragma once

// --exits: asks the running daemon how runs ended. For the main thread.

#include <string>

#include "tidegauge/config/config.h"
#include "tidegauge/model/error.h"

namespace tidegauge::app {

/// The text to print. `container` is "NAME" or "ENDPOINT/NAME", for the details of that container's
/// ends; "ENDPOINT/" is one Engine; empty: a table of all. The message of an error says what is to
/// be done: no daemon runs, it asks for credentials, it knows no end of that container.
[[nodiscard]] Result<std::string> report_exits(const config::Config& config,
                                               const std::string& container);

}  // namespace tidegauge::app
