#include "metrics/label_text.h"

#include <string>

#include "support/catch.h"

using namespace tidegauge;
using metrics::append_label;
using metrics::parse_labels;

TEST_CASE("an empty label value appends nothing") {
  std::string labels;
  CHECK_FALSE(append_label(labels, "a", ""));
  CHECK(labels.empty());
}

TEST_CASE("quotes, backslashes and line breaks in a label value are escaped") {
  std::string labels;
  CHECK_FALSE(append_label(labels, "a", "\"\\\n"));
  CHECK(labels == "a=\"\\\"\\\\\\n\",");
}

TEST_CASE("two long label values that differ at the end stay different, or keep their beginning") {
  const std::string one = std::string(100, 'x') + "1";
  const std::string two = std::string(100, 'x') + "2";
  const auto label = [](const std::string& value, metrics::Cut cut) {
    std::string labels;
    CHECK(append_label(labels, "a", value, 40, cut));
    return labels;
  };
  CHECK(label(one, metrics::Cut::distinct) != label(two, metrics::Cut::distinct));
  CHECK(label(one, metrics::Cut::distinct).size() == 40 + sizeof("a=\"\",") - 1);
  CHECK(label(one, metrics::Cut::front) == "a=\"" + std::string(40, 'x') + "\",");
}

TEST_CASE("a label set reads back as its names and values") {
  std::string labels;
  append_label(labels, "a", "plain");
  append_label(labels, "b", "\"},\\n\\\n=");
  append_label(labels, "c", "\xFF");
  const auto parsed = parse_labels(labels);
  REQUIRE(parsed.size() == 3);
  CHECK(parsed[0].name == "a");
  CHECK(parsed[0].value == "plain");
  CHECK(parsed[1].name == "b");
  CHECK(parsed[1].value == "\"},\\n\\\n=");
  CHECK(parsed[2].name == "c");
  CHECK(parsed[2].value == "\\xff");
  CHECK(parse_labels("").empty());
}
