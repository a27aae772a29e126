#include "app/completion.h"

#include <filesystem>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "support/catch.h"
#include "support/golden_file.h"
#include "tidegauge/config/manual.h"

using namespace tidegauge;

namespace {

const std::filesystem::path folder = TIDEGAUGE_SOURCE_DIR "/config/completion";

/// Of the command line and of the configuration, without the dashes.
std::vector<std::string> names_of_all_options() {
  std::vector<std::string> names;
  for (const auto& option : app::command_line_options()) names.emplace_back(option.name.substr(2));
  for (const auto& option : config::option_summaries()) names.push_back(option.path);
  return names;
}

}  // namespace

TEST_CASE("the completion of each shell is what the tables print") {
  test::check_golden_file(folder / "tidegauge.bash", app::print_bash_completion());
  test::check_golden_file(folder / "_tidegauge", app::print_zsh_completion());
  test::check_golden_file(folder / "tidegauge.fish", app::print_fish_completion());
}

TEST_CASE("each shell completes every option") {
  for (const auto& name : names_of_all_options()) {
    INFO(name);
    const auto is_setting = name.contains('.');
    CHECK_THAT(app::print_bash_completion(),
               test::contains("\n    --" + name + (is_setting ? "=" : "") + "\n"));
    CHECK_THAT(app::print_zsh_completion(), test::contains("\n  '--" + name));
    const auto fish = app::print_fish_completion();
    CHECK((fish.contains(" -l " + name + " ") || fish.contains("'--" + name + "=")));
  }
}

TEST_CASE("each shell completes the words of a choice") {
  CHECK_THAT(app::print_bash_completion(),
             test::contains("--log.level) COMPREPLY=($(compgen -W 'debug info warn error' "));
  CHECK_THAT(app::print_zsh_completion(), test::contains("]:value:(debug info warn error)'"));
  CHECK_THAT(app::print_fish_completion(),
             test::contains(
                 " -a '--log.level=debug --log.level=info --log.level=warn --log.level=error' "));
}

TEST_CASE("a quote in a description does not end it") {
  CHECK_THAT(app::print_zsh_completion(), test::contains("a container'\\''s name"));
  CHECK_THAT(app::print_fish_completion(), test::contains("a container\\'s name"));
}
