#pragma once

// One event of an Engine, from `GET /events`.

#include <string>
#include <utility>
#include <vector>

#include "tidegauge/util/time.h"

namespace tidegauge::model {

struct Event {
  std::string type;    ///< "container", "network", "image", ...
  std::string action;  ///< "start", "die", "health_status: healthy", ...
  std::string id;      ///< of the object of the event; a container's has 64 hexadecimal digits
  WallTime at{};       ///< by the Engine's clock, in nanoseconds
  std::vector<std::pair<std::string, std::string>> attributes;  ///< sorted by key
};

}  // namespace tidegauge::model
