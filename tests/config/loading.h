#pragma once

// Loads text as a configuration file, for the tests of this layer. In mistakes the file is called
// config.yaml, wherever it lay.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/options.h"
#include "tidegauge/config/loader.h"

namespace tidegauge::test {

/// What stands beside the file.
struct Beside {
  std::vector<std::string> environment;
  std::vector<std::pair<std::string, std::string>> overrides;
};

/// The outcome of a text that must be valid: fails with its mistakes otherwise.
[[nodiscard]] config::Loaded loaded(std::string_view text, const Beside& beside = {});

/// The mistakes of a text that must not be valid.
[[nodiscard]] std::string mistakes_in(std::string_view text, const Beside& beside = {});

/// Option paths or aliases and their values as a file, each section once.
[[nodiscard]] std::string file_of(const std::vector<std::pair<std::string, config::Value>>& values);

}  // namespace tidegauge::test
