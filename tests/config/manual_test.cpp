#include "tidegauge/config/manual.h"

#include <algorithm>
#include <ranges>

#include "config/options.h"
#include "support/catch.h"
#include "support/golden_file.h"

using namespace tidegauge;
using namespace tidegauge::config;
using Words = std::vector<std::string>;

namespace {

OptionSummary summary_of(const std::string& path) {
  const auto summaries = option_summaries();
  const auto found = std::ranges::find(summaries, path, &OptionSummary::path);
  REQUIRE(found != summaries.end());
  return *found;
}

}  // namespace

TEST_CASE("the manual page of the configuration is what the table prints") {
  test::check_golden_file(TIDEGAUGE_SOURCE_DIR "/docs/man/tidegauge.yaml.5", print_manual());
}

TEST_CASE("the manual page has every option") {
  const auto page = print_manual();
  for (const auto& option : options()) {
    CHECK_THAT(page, test::contains("\n.SS \\fB" + option.path + "\\fR\n"));
  }
}

TEST_CASE("the summaries are those of all options, in their order") {
  CHECK(std::ranges::equal(option_summaries(), options(), {}, &OptionSummary::path, &Option::path));
}

TEST_CASE("a summary is the first sentence of the help, with the default") {
  const auto mode = summary_of("web.socket_mode");
  CHECK(mode.text == "The permission bits of a Unix socket, in octal.");
  CHECK(mode.choices.empty());
  CHECK(summary_of("container_monitor.interval").default_value == "10s");
}

TEST_CASE("a choice has its words") {
  CHECK(summary_of("log.level").choices == Words{"debug", "info", "warn", "error"});
  CHECK(summary_of("metrics.process").choices == Words{"true", "false"});
}
