#include "app/debug_page.h"

#include "support/catch.h"
#include "tidegauge/json/reader.h"

using namespace tidegauge;

TEST_CASE("the debug page lists every slot of every pool") {
  CHECK(app::debug_page({}) == "{\"pools\":[]}\n");
  CHECK(
      app::debug_page(
          {{"local",
            {{.slot = 0, .state = "leased", .connected = true, .uses = 7, .holder = "list"},
             {.slot = 1, .state = "empty", .for_streams = true}}},
           {"none", {}}}) ==
      R"({"pools":[{"endpoint":"local","slots":[)"
      R"({"slot":0,"state":"leased","for_streams":false,"connected":true,"uses":7,"holder":"list"},)"
      R"({"slot":1,"state":"empty","for_streams":true,"connected":false,"uses":0,"holder":""}]},)"
      R"({"endpoint":"none","slots":[]}]})"
      "\n");
}

TEST_CASE("the debug page is JSON whatever a container is called") {
  const std::string holder = "inspect of \"\\\n\xff\"";
  const auto page = app::debug_page({{"a\"b", {{.state = "leased", .holder = holder}}}});
  const auto document = test::value_of(json::Document::parse_object(page));
  for (const auto pool : document.root()["pools"].elements()) {
    CHECK(pool["endpoint"].text() == "a\"b");
    for (const auto slot : pool["slots"].elements()) {
      CHECK(slot["holder"].text() == "inspect of \"\\\n\\xff\"");
    }
  }
}
