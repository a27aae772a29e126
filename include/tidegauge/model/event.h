#pragma once

// Something that happened at an Engine, from `GET /events`.

#include <string>
#include <utility>
#include <vector>

#include "tidegauge/util/time.h"

namespace tidegauge::model {

struct Event {
  std::string type;    ///< "container", "network", "image", ...
  std::string action;  ///< "start", "die", "health_status: healthy", ...
  std::string id;      ///< of what it happened to; of containers 64 hexadecimal digits
  WallTime at{};       ///< the Engine's clock, to the nanosecond
  std::vector<std::pair<std::string, std::string>> attributes;  ///< sorted by key
};

}  // namespace tidegauge::model
