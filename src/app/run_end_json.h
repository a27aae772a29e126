#pragma once

// The end of a run as JSON: /api/v1/exits and the state file write it, the command line and the
// state file read it. docs/api.md describes each member. What is not known is absent, as is a text
// that is empty. Pure functions.

#include <string_view>

#include "tidegauge/json/reader.h"
#include "tidegauge/json/writer.h"
#include "tidegauge/model/error.h"
#include "tidegauge/model/run_end.h"
#include "tidegauge/util/timestamp.h"

namespace tidegauge::app {

/// What of an end is written.
struct RunEndForm {
  Decimals decimals = Decimals::milliseconds;  ///< of times; with nanoseconds all is read back
  bool log_lines = false;                      ///< they may have secrets
};

/// An object. `endpoint` is not written where it is empty.
void write_run_end(json::Writer& writer, std::string_view endpoint, const model::RunEnd& end,
                   const RunEndForm& form);

/// Errc::bad_reply names the member that is missing or of a wrong type. Members without a meaning
/// here are left alone.
[[nodiscard]] Result<model::RunEnd> read_run_end(json::Value object);

}  // namespace tidegauge::app
