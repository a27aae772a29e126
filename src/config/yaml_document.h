#pragma once

// Reads the one YAML document of a file, for the readers of the two configuration files. Stateless.

#include <yaml-cpp/yaml.h>

#include <string>

#include "config/setting.h"

namespace tidegauge::config {

/// The content of a file of at most 1 MiB, or the reason why there is none, as "Permission denied".
[[nodiscard]] Parsed<std::string> read_text(const std::string& path);

struct YamlDocument {
  YAML::Node root;       ///< null for an empty file
  bool complete = true;  ///< false: not readable or not YAML, and the root is null
};

/// Appends each mistake to `mistakes`. A second document is a mistake.
[[nodiscard]] YamlDocument read_yaml_document(const std::string& path, MistakeList& mistakes);

}  // namespace tidegauge::config
