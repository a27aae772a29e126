#pragma once

// Completion of the command line for shells, printed from the tables of the command line and of the
// options: the files of `config/completion/`. Pure functions.

#include <string>

namespace tidegauge::app {

[[nodiscard]] std::string print_bash_completion();
[[nodiscard]] std::string print_zsh_completion();
[[nodiscard]] std::string print_fish_completion();

}  // namespace tidegauge::app
