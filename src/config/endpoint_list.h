#pragma once

// The list `endpoints`: several Engines, each with a name and an address.

#include <string>
#include <vector>

#include "config/setting.h"

namespace YAML {
class Node;
}

namespace tidegauge::config {

struct EndpointList {
  Origin origin;  ///< of the key `endpoints`
  std::vector<EndpointConfig> entries;
};

/// Reads the list below the key of `file` at `origin`; entries with mistakes are left out.
[[nodiscard]] EndpointList read_endpoints(const YAML::Node& list, const std::string& file,
                                          const Origin& origin, MistakeList& mistakes);

}  // namespace tidegauge::config
