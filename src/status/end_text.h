#pragma once

// How a run ended, in a few words of one line. Pure functions.

#include <string>
#include <string_view>

#include "tidegauge/model/run_end.h"

namespace tidegauge::status {

/// "exit code 137, after 3 min"; "SIGSEGV, after 2 s".
[[nodiscard]] std::string end_details(const model::RunEnd& end);
/// With the cause in front: "error, exit code 3, after 3 min".
[[nodiscard]] std::string end_summary(const model::RunEnd& end);
/// The observation that tells most of the cause: the kernel's first one, or else the first of all.
[[nodiscard]] std::string_view telling_evidence(const model::RunEnd& end);

}  // namespace tidegauge::status
