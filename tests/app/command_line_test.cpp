#include "app/command_line.h"

#include <string>
#include <utility>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;
using app::Action;
using app::CommandLine;
using test::contains;
using test::error_of;
using test::value_of;

namespace {

Result<CommandLine> parse(const std::vector<const char*>& arguments) {
  return app::parse_command_line(arguments);
}

using Overrides = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("without arguments the daemon runs with the default file") {
  const auto line = value_of(parse({}));
  CHECK(line.action == Action::run);
  CHECK(line.config_file.empty());
  CHECK(line.overrides.empty());
}

TEST_CASE("every action has its option, and is in the help") {
  const std::vector<std::pair<const char*, Action>> actions{
      {"--once", Action::once},
      {"--check-config", Action::check_config},
      {"--print-config", Action::print_config},
      {"--healthcheck", Action::healthcheck},
      {"--exits", Action::exits},
      {"--version", Action::version},
      {"--help", Action::help}};
  for (const auto& [option, action] : actions) {
    CHECK(value_of(parse({option})).action == action);
    CHECK_THAT(app::usage(), contains(option));
  }
  CHECK(value_of(parse({"-h"})).action == Action::help);
}

TEST_CASE("the file is named beside --config or after its equals sign") {
  CHECK(value_of(parse({"--config", "a.yaml", "--once"})).config_file == "a.yaml");
  CHECK(value_of(parse({"--once", "--config=b=c.yaml"})).config_file == "b=c.yaml");
  CHECK(value_of(parse({"--config", "a.yaml", "--once"})).action == Action::once);
}

TEST_CASE("--exits takes the name of a container beside it, and no other action does") {
  CHECK(value_of(parse({"--exits"})).container.empty());
  CHECK(value_of(parse({"--exits", "web"})).container == "web");
  CHECK(value_of(parse({"--exits", "local/web", "--log.level=warn"})).container == "local/web");
  const auto line = value_of(parse({"--exits", "--config", "a.yaml"}));
  CHECK(line.container.empty());
  CHECK(line.config_file == "a.yaml");
  CHECK_FALSE(parse({"--exits", "web", "job"}));
  CHECK_FALSE(parse({"--once", "web"}));
}

TEST_CASE("an option of the configuration is anything with a dot, its value whatever follows =") {
  const auto line =
      value_of(parse({"--web.listen_address=:9717", "--log.level=", "--pool.socket_path=a=b"}));
  CHECK(line.overrides ==
        Overrides{{"web.listen_address", ":9717"}, {"log.level", ""}, {"pool.socket_path", "a=b"}});
}

TEST_CASE("an option of the configuration may be given twice, in its order") {
  const auto line = value_of(parse({"--log.level=info", "--log.level=warn"}));
  CHECK(line.overrides == Overrides{{"log.level", "info"}, {"log.level", "warn"}});
}

TEST_CASE("what is not understood is named, with the way to the help") {
  const auto message = [](const std::vector<const char*>& arguments) {
    const auto error = error_of(parse(arguments));
    CHECK(error.code == Errc::invalid_config);
    CHECK_THAT(error.message, contains("tidegauge --help"));
    return error.message;
  };
  CHECK_THAT(message({"--frobnicate"}), contains("--frobnicate: is not an option"));
  CHECK_THAT(message({"config.yaml"}), contains("config.yaml: is not an option"));
  CHECK_THAT(message({"--once=yes"}), contains("--once=yes: is not an option"));
  CHECK_THAT(message({""}), contains("is not an option"));
  CHECK_THAT(message({"--config"}), contains("--config: needs a file"));
  CHECK_THAT(message({"--config="}), contains("needs a file"));
  CHECK_THAT(message({"--log.level", "debug"}),
             contains("--log.level: needs a value: --log.level=VALUE"));
}

TEST_CASE("the help has every option of the table, beside or above its text") {
  CHECK_THAT(app::usage(), contains("\n  --once            one cycle; the page goes to"));
  CHECK_THAT(app::usage(),
             contains("\n  --exits [[ENDPOINT/]NAME]\n                    ask that daemon"));
  for (const auto& option : app::command_line_options()) {
    CHECK_THAT(app::usage(), contains("\n  " + std::string(option.name) + " "));
  }
}
