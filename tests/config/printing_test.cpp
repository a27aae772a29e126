#include <cstdlib>
#include <fstream>

#include "config/options.h"
#include "support/catch.h"
#include "support/temporary_directory.h"
#include "tidegauge/config/loader.h"

using namespace tidegauge;
using namespace tidegauge::config;

namespace {

/// Compares a file of the source tree with what the program prints for it.
void check_printed(const std::string& file, const std::string& printed) {
  const auto path = std::string(TIDEGAUGE_SOURCE_DIR "/") + file;
  if (std::getenv("TIDEGAUGE_UPDATE") != nullptr) std::ofstream(path, std::ios::binary) << printed;
  INFO(file << " is printed from the table in src/config/options.cpp and differs from it. To print "
            << "it anew: TIDEGAUGE_UPDATE=1 config_tests");
  CHECK(test::read_file(path) == printed);
}

}  // namespace

TEST_CASE("the shipped file is what the table prints") {
  check_printed("config/config.yaml", print_example_file());
}

TEST_CASE("the reference is what the table prints") {
  check_printed("docs/configuration.md", print_reference());
}

TEST_CASE("the shipped file has every option with its help") {
  const auto file = print_example_file();
  for (const auto& option : options()) {
    INFO(option.path);
    const auto* indent = is_comment_in_example(option) ? "\n  # " : "\n  ";
    CHECK_THAT(file, test::contains(indent + std::string(option.name()) + ":"));
    CHECK_THAT(file, test::contains(option.help.substr(0, option.help.find(' ', 20))));
  }
}

TEST_CASE("the reference has every name and variable of every option") {
  const auto reference = print_reference();
  for (const auto& option : options()) {
    CHECK_THAT(reference, test::contains("\n### `" + option.path + "`\n\n" + option.help));
    CHECK_THAT(reference, test::contains("`" + environment_variable(option.path) + "`"));
    for (const auto& alias : option.aliases) {
      CHECK_THAT(reference, test::contains("`" + alias + "`"));
    }
  }
}
