#include "tidegauge/util/json_text.h"

#include "support/catch.h"

using namespace tidegauge;

TEST_CASE("a quoted text reads back as itself") {
  CHECK(json_quoted("") == R"("")");
  CHECK(json_quoted(R"(a "b" \c)") == R"("a \"b\" \\c")");
  CHECK(json_quoted("1\n2\t\x01") == R"("1\n2\u0009\u0001")");
  CHECK(json_quoted("caf\u00e9 \U0001F600") == "\"caf\u00e9 \U0001F600\"");
}

TEST_CASE("a quoted text is UTF-8, and different bytes stay different") {
  CHECK(json_quoted("\xff") == R"("\\xff")");
  CHECK(json_quoted("\xfe") == R"("\\xfe")");
  CHECK(json_quoted("a\xc3") == R"("a\\xc3")");
}
