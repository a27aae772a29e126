#include "config/setting.h"

#include "support/catch.h"

using namespace tidegauge;
using config::Origin;

TEST_CASE("mistakes are sorted by their source and line, and stay in order at one place") {
  config::MistakeList mistakes;
  CHECK(mistakes.empty());
  mistakes.add({Origin::Source::command_line, 0, "command line"}, "last");
  mistakes.add(config::in_file("a.yaml", 10), "third");
  mistakes.add(config::in_file("a.yaml", 9), "first");
  mistakes.add(config::in_file("a.yaml", 9), "second");
  std::vector<std::string> order;
  for (const auto& mistake : mistakes.sorted()) order.push_back(mistake.where + " " + mistake.what);
  CHECK(order == std::vector<std::string>{"a.yaml:9 first", "a.yaml:9 second", "a.yaml:10 third",
                                          "command line last"});
  CHECK_FALSE(mistakes.empty());
}

TEST_CASE("the command line is stronger than the environment, and that than a file") {
  const auto file = config::in_file("a.yaml", 1);
  const Origin environment{Origin::Source::environment, 0, "A"};
  const Origin command_line{Origin::Source::command_line, 0, "--a"};
  CHECK(Origin{} < file);
  CHECK(file < config::in_file("a.yaml", 2));
  CHECK(file < environment);
  CHECK(environment < command_line);
}
