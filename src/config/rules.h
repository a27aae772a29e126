#pragma once

// What must hold between options, beyond the bounds of each. One table, as for the options; a
// configuration that breaks a rule is refused, never bent.

#include <span>
#include <string_view>

#include "tidegauge/config/config.h"

namespace tidegauge::config {

/// `lesser` must be RELATION `greater`, both paths of options.
struct Rule {
  std::string_view lesser;
  std::string_view relation;  ///< "at most"
  std::string_view greater;
  std::string_view why;
  bool (*holds)(const Config&);
};

[[nodiscard]] std::span<const Rule> rules();

}  // namespace tidegauge::config
