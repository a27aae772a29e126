#include "config/suggestions.h"

#include "support/catch.h"

using namespace tidegauge;

namespace {

const std::vector<std::string> words{"interval", "timeout", "retry"};

}  // namespace

TEST_CASE("a slip of the fingers finds the word that was meant") {
  for (const auto* const slip : {"intervl", "interval_", "intrevals", "imterval"}) {
    CAPTURE(slip);
    CHECK(config::closest(slip, words) == "interval");
  }
  CHECK(config::closest("rerty", words) == "retry");
  CHECK_FALSE(config::closest("container", words));
  CHECK_FALSE(config::closest("", words));
  CHECK_FALSE(config::closest("x", {}));
}

TEST_CASE("of words that are equally close the first is suggested, of others the closest") {
  const std::vector<std::string> near{"abcx", "abcd", "abcy"};
  CHECK(config::closest("abcz", near) == "abcx");
  CHECK(config::closest("abcd", near) == "abcd");
}

TEST_CASE("a suggestion names the close word, or all words") {
  CHECK(config::suggestion("timeot", words) == "; did you mean timeout?");
  CHECK(config::suggestion("pool", words) == "; allowed: interval, timeout, retry");
}

TEST_CASE("quoted text stays on one line and is cut") {
  CHECK(config::in_quotes("a\nb\x7f") == "\"a?b?\"");
  CHECK(config::in_quotes(std::string(120, 'x')) == '"' + std::string(120, 'x') + '"');
  CHECK(config::in_quotes(std::string(121, 'x')) == '"' + std::string(120, 'x') + "...\"");
}

TEST_CASE("a list is joined by commas") {
  CHECK(config::joined({}).empty());
  CHECK(config::joined(words) == "interval, timeout, retry");
}
