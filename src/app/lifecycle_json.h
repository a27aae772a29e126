#pragma once

// The counts of one container name as JSON, for the state file. What is absent in the value is
// absent in the object. Counts are written by the name of what is counted, so that a count that is
// added later changes nothing for the others. Pure functions.

#include <string>
#include <string_view>
#include <utility>

#include "tidegauge/json/reader.h"
#include "tidegauge/json/writer.h"
#include "tidegauge/model/error.h"
#include "tidegauge/model/lifecycle.h"

namespace tidegauge::app {

/// An object with `name` as its first member.
void write_lifecycle(json::Writer& writer, std::string_view name,
                     const model::Lifecycle& lifecycle);

/// Errc::bad_reply names the member that is missing or of a wrong type. Counts of names without a
/// meaning here are left alone.
[[nodiscard]] Result<std::pair<std::string, model::Lifecycle>> read_lifecycle(json::Value object);

}  // namespace tidegauge::app
