#pragma once

// What needs the attention of an operator, the worst first: the top of the status page. Decided by
// a pure function over one snapshot, as docs/status_page.md lists it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tidegauge/status/status_input.h"

namespace tidegauge::status {

enum class Severity : std::uint8_t {
  bad,     ///< something does not work
  warning  ///< something will not work for long, or works badly
};

struct Problem {
  Severity severity = Severity::warning;
  std::string_view kind;  ///< "Unhealthy"
  std::string endpoint;
  std::string container;  ///< the name; empty: it is about the Engine or the machine
  std::string text;       ///< what is known of it: "5 checks have failed, exit code 1"
};

[[nodiscard]] std::vector<Problem> find_problems(const StatusInput& input);

}  // namespace tidegauge::status
