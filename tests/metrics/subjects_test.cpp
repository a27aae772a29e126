#include "metrics/subjects.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.h"

using namespace tidegauge;

TEST_CASE("label sets keep each text, however many and however long") {
  metrics::LabelSets sets;
  const std::string large(100'000, 'x');
  std::vector<std::pair<std::string, std::string_view>> kept;
  for (int number = 0; number < 10'000; ++number) {
    const auto text = "name=\"web-" + std::to_string(number) + "\",";
    kept.emplace_back(text, sets.keep(text));
    if (number % 5'000 == 0) kept.emplace_back(large, sets.keep(large));
  }
  for (const auto& [text, view] : kept) REQUIRE(view == text);
}

TEST_CASE("label sets stay where they are when their owner moves") {
  metrics::LabelSets first;
  const auto kept = first.keep("a=\"b\",");
  metrics::LabelSets second = std::move(first);
  CHECK(second.keep("c=\"d\",") == "c=\"d\",");
  CHECK(kept == "a=\"b\",");
}

TEST_CASE("a label set with one more label has it last, escaped") {
  metrics::LabelSets sets;
  CHECK(sets.keep("a=\"b\",", {"device", R"(C:\)"}) == R"(a="b",device="C:\\",)");
  CHECK(sets.keep("a=\"b\",", {"device", ""}) == "a=\"b\",");
}
