#pragma once

// Reads a configuration file into settings, each with its line. Knows YAML and which options
// there are, not what their values mean.

#include <optional>
#include <string>
#include <vector>

#include "config/endpoint_list.h"
#include "config/setting.h"

namespace tidegauge::config {

struct FileContent {
  std::vector<Setting> settings;
  std::optional<EndpointList> endpoints;
  bool complete = true;  ///< false: not readable or not YAML, and its rest is unknown
};

/// Appends each mistake to `mistakes`, and reads the rest nevertheless.
[[nodiscard]] FileContent read_yaml_file(const std::string& path, MistakeList& mistakes);

}  // namespace tidegauge::config
