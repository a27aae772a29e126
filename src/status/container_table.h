#pragma once

// All containers as one table, below their totals: a row for each, grouped by Compose project with
// sums. For one
// thread.

#include "tidegauge/status/html.h"
#include "tidegauge/status/status_input.h"

namespace tidegauge::status {

void write_container_table(Html& html, const StatusInput& input);

}  // namespace tidegauge::status
