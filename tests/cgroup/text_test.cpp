#include "cgroup/text.h"

#include <cstdint>

#include "support/catch.h"

using namespace tidegauge;

TEST_CASE("only whole lines are taken from a text") {
  std::string_view text = "one\n\ntwo";
  CHECK(cgroup::take_line(text) == "one");
  CHECK(cgroup::take_line(text)->empty());
  CHECK_FALSE(cgroup::take_line(text));
  CHECK(text == "two");
}

TEST_CASE("words are separated by any number of separators") {
  std::string_view line = "  a  bc ";
  CHECK(cgroup::take_word(line) == "a");
  CHECK(cgroup::take_word(line) == "bc");
  CHECK(cgroup::take_word(line).empty());
  CHECK(line.empty());
  std::string_view pair = "key=value";
  CHECK(cgroup::take_word(pair, '=') == "key");
  CHECK(cgroup::take_word(pair, '=') == "value");
}

TEST_CASE("a word is a number only as a whole and within range") {
  CHECK(cgroup::to_number<std::uint64_t>("18446744073709551615") == UINT64_MAX);
  CHECK_FALSE(cgroup::to_number<std::uint64_t>("18446744073709551616"));
  CHECK_FALSE(cgroup::to_number<std::uint64_t>("-1"));
  CHECK(cgroup::to_number<int>("-1") == -1);
  CHECK(cgroup::to_number<unsigned>("ff", 16) == 255U);
  for (const auto* const word : {"", "1x", " 1", "1 ", "max", "0x1"}) {
    CAPTURE(word);
    CHECK_FALSE(cgroup::to_number<int>(word));
  }
}

TEST_CASE("a path is below a directory only if whole names match") {
  CHECK(cgroup::is_below("/a/b", "/a"));
  CHECK(cgroup::is_below("/a", "/a"));
  CHECK(cgroup::is_below("/a", "/"));
  CHECK_FALSE(cgroup::is_below("/ab", "/a"));
  CHECK_FALSE(cgroup::is_below("/", "/a"));
}
