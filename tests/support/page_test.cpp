#include "support/page.h"

#include <cmath>

#include "support/catch.h"

using namespace tidegauge;
using test::contains;
using test::Page;

TEST_CASE("a page is read series by series") {
  const Page page(
      "# HELP up Whether.\n# TYPE up gauge\nup 1\n"
      "bytes_total{name=\"web\",device=\"a\"} 1.5e+3\n"
      "bytes_total{name=\"web\",device=\"b\"} 2\n"
      "bytes_count{name=\"db\",} +Inf\n");
  CHECK(page.series().size() == 4);
  CHECK(page.value("up") == 1);
  CHECK(page.value("bytes_total", {{"device", "a"}}) == 1500);
  CHECK(std::isinf(page.value("bytes_count").value()));
  CHECK(page.labels("bytes_total", {{"device", "b"}}) ==
        test::Labels{{"name", "web"}, {"device", "b"}});
  CHECK(page.values_of("device", "bytes_total") == std::set<std::string>{"a", "b"});
  CHECK(page.count("bytes") == 3);
  CHECK(page.count("bytes", {{"name", "web"}}) == 2);
}

TEST_CASE("what a page has not is nothing, and what it has twice is no answer") {
  const Page page("up{a=\"1\"} 1\nup{a=\"2\"} 0\n");
  CHECK_FALSE(page.value("down"));
  CHECK_FALSE(page.value("up", {{"a", "3"}}));
  CHECK(page.labels("up", {{"b", "1"}}).empty());
  CHECK_THROWS_WITH(page.value("up"), contains("several series of up"));
}

TEST_CASE("the values of labels are unescaped") {
  const Page page(R"(up{text="say \"hi\" \\n{}, = \n☃"} 1)"
                  "\n");
  CHECK(page.values_of("text", "up") == std::set<std::string>{"say \"hi\" \\n{}, = \n☃"});
}

TEST_CASE("what is not a page is refused with its line") {
  CHECK_THROWS_WITH(Page("up 1"), contains("no end"));
  CHECK_THROWS_WITH(Page("up 1\nup 2\n"), contains("twice: up 2"));
  CHECK_THROWS_WITH(Page("up one\n"), contains("not a number at byte 3 of the line: up one"));
  CHECK_THROWS_WITH(Page("up 1 2\n"), contains("not a number"));
  CHECK_THROWS_WITH(Page("up{a=1} 1\n"), contains("no \""));
  CHECK_THROWS_WITH(Page("up{a=\"1} 1\n"), contains("no closing quote"));
  CHECK_THROWS_WITH(Page("up{a=\"\\t\"} 1\n"), contains("unknown escape"));
  CHECK_THROWS_WITH(Page("up{a=\"1\"b=\"2\"} 1\n"), contains("neither , nor }"));
  CHECK_THROWS_WITH(Page("up{a=\"1\",a=\"2\"} 1\n"), contains("a label twice"));
}
