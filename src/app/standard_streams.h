#pragma once

// Standard input, output and error, as far as the program must not trust whoever started it.
// For the main thread.

#include <string_view>

#include "tidegauge/model/error.h"

namespace tidegauge::app {

/// Opens /dev/null where a standard descriptor is closed, so that no file or socket that is opened
/// later gets its number, and log lines with it. It is opened for reading alone: what is written to
/// an output that there is not fails. Called before anything else is opened.
[[nodiscard]] Result<void> open_missing_streams();

/// Writes all of `text` to standard output, or says why it could not.
[[nodiscard]] Result<void> write_output(std::string_view text);

}  // namespace tidegauge::app
