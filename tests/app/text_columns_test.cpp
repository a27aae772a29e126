#include "app/text_columns.h"

#include <string>

#include "support/catch.h"

using namespace tidegauge;
using app::TextTable;
using app::wrapped;

TEST_CASE("a text that fits is one line") {
  CHECK(wrapped("one two", {.width = 7}) == "one two\n");
  CHECK(wrapped("", {.width = 7}) == "\n");
  CHECK(wrapped("one", {.width = 7, .indent = 2}) == "  one\n");
}

TEST_CASE("a text is broken between words, and the lines after the first are indented") {
  CHECK(wrapped("one two three", {.width = 7}) == "one two\nthree\n");
  CHECK(wrapped("one two three", {.width = 8, .hanging = 2}) == "one two\n  three\n");
  CHECK(wrapped("one two  three", {.width = 5, .indent = 1}) == " one\ntwo\nthree\n");
}

TEST_CASE("a word that is longer than a line is broken between characters") {
  CHECK(wrapped("abcdefgh", {.width = 3}) == "abc\ndef\ngh\n");
  CHECK(wrapped("\u00e9\u20ac\U0001F600x", {.width = 2}) == "\u00e9\u20ac\n\U0001F600x\n");
}

TEST_CASE("a column is as wide as its widest cell, and no line ends in spaces") {
  TextTable table({{.heading = "A"}, {.heading = "LONG"}}, 20);
  table.add_row({"one", "1"});
  table.add_row({"\u00e9", ""});
  CHECK(table.text() == "A    LONG\none  1\n\u00e9\n");
}

TEST_CASE("a line goes across all columns and makes none of them wider") {
  TextTable table({{.heading = "A"}, {.heading = "B"}}, 20);
  table.add_line("Sunday");
  table.add_row({"1", "2"});
  CHECK(table.text() == "A  B\nSunday\n1  2\n");
}

TEST_CASE("a cell that is too wide for its column goes on below") {
  TextTable table({{.heading = "A", .widest = 4}, {.heading = "B"}}, 20);
  table.add_row({"web server", "1"});
  CHECK(table.text() == "A     B\nweb   1\nserv\ner\n");
}

TEST_CASE("the column that takes the rest has what the others leave of the page") {
  TextTable table({{.heading = "A"}, {.heading = "WHY", .takes_rest = true}, {.heading = "C"}}, 30);
  table.add_row({"1234", "a memory limit that was hit", "x"});
  CHECK(table.text() ==
        "A     WHY                    C\n1234  a memory limit that    x\n      was hit\n");
  TextTable narrow({{.heading = "A"}, {.heading = "WHY", .takes_rest = true}}, 40);
  narrow.add_row({"1", "short"});
  CHECK(narrow.text() == "A  WHY\n1  short\n");
}
