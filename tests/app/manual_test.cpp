#include "app/manual.h"

#include "app/command_line.h"
#include "support/catch.h"
#include "support/golden_file.h"
#include "tidegauge/config/manual.h"

using namespace tidegauge;

TEST_CASE("the manual page of the command line is what the table prints") {
  test::check_golden_file(TIDEGAUGE_SOURCE_DIR "/docs/man/tidegauge.8", app::print_manual());
}

TEST_CASE("the manual page has every option of the command line with its help") {
  const auto page = app::print_manual();
  for (const auto& option : app::command_line_options()) {
    std::string name;
    for (const char c : option.name) name += c == '-' ? "\\-" : std::string(1, c);
    CHECK_THAT(page, test::contains("\n.SS \\fB" + name + "\\fR"));
    CHECK_THAT(page, test::contains("\n" + std::string(option.help) + "\n"));
  }
}

TEST_CASE("the service's file of arguments is what the table prints, every option as a comment") {
  const auto file = app::print_service_arguments();
  test::check_golden_file(TIDEGAUGE_SOURCE_DIR "/systemd/tidegauge.default", file);
  for (const auto& option : config::option_summaries()) {
    CHECK_THAT(file, test::contains("\n# --" + option.path + "=" + option.default_value + "\n"));
  }
}
