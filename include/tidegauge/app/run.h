#pragma once

// The program apart from main(): what each action of the command line does.

#include <span>

namespace tidegauge::app {

/// Returns the exit status. `arguments` without the program's name.
[[nodiscard]] int run(std::span<const char* const> arguments);

}  // namespace tidegauge::app
