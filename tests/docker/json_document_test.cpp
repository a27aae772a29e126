#include "docker/json_document.h"

#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::docker;
using test::contains;
using test::error_of;

namespace {

/// The numbers of an array, read one by one.
Result<std::vector<std::int64_t>> numbers(std::string_view text) {
  std::vector<std::int64_t> all;
  auto read = json::for_each_element(text, [&](const json::Value& value) -> Result<void> {
    if (!value.IsInt64()) return fail(Errc::bad_reply, "not a number");
    all.push_back(value.GetInt64());
    return {};
  });
  if (!read) return fail(read.error());
  return all;
}

}  // namespace

TEST_CASE("the elements of an array come one by one, in their order") {
  CHECK(test::value_of(numbers(" [ 1 ,2,\n3\t] \r\n")) == std::vector<std::int64_t>{1, 2, 3});
  CHECK(test::value_of(numbers("[]")).empty());
  CHECK(test::value_of(numbers("[ ]")).empty());
}

TEST_CASE("what is not exactly one array is no array") {
  for (const std::string_view text : {"", "1", "{}", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]",
                                      "[1]]", "[1][2]", "[1]x", "[1}", "[nul]", "[\"a]"}) {
    CAPTURE(text);
    CHECK(error_of(numbers(text)).code == Errc::bad_reply);
  }
  CHECK(error_of(numbers(std::string_view("[1]\0", 4))).code == Errc::bad_reply);
  CHECK_THAT(error_of(numbers("[1,2,?]")).message, contains("not JSON at byte 5"));
}

TEST_CASE("the first element that is refused ends the reading") {
  int elements = 0;
  const auto read = json::for_each_element("[1,2,?", [&](const json::Value&) -> Result<void> {
    ++elements;
    return fail(Errc::bad_reply, "refused");
  });
  CHECK(error_of(read).message == "refused");
  CHECK(elements == 1);
}

TEST_CASE("a text that would take too much memory as a tree is a bad reply") {
  std::string zeros = "[0";
  for (int i = 0; i < 2'000'000; ++i) zeros += ",0";
  zeros += ']';
  json::Tree tree;
  CHECK(error_of(tree.parse(zeros, rapidjson::kArrayType)).message == "takes too much memory");
  json::Tree deep;
  CHECK(error_of(deep.parse(std::string(4'000'000, '['), rapidjson::kArrayType)).code ==
        Errc::bad_reply);
  json::Tree longest;
  CHECK(error_of(longest.parse("[\"" + std::string(20'000'000, 'x') + "\"]", rapidjson::kArrayType))
            .code == Errc::bad_reply);
}

TEST_CASE("an array of any length is read as long as each of its elements is small") {
  std::string zeros = "[0";
  for (int i = 0; i < 2'000'000; ++i) zeros += ",0";
  CHECK(test::value_of(numbers(zeros + "]")).size() == 2'000'001);
  CHECK(error_of(numbers(zeros + "]]")).code == Errc::bad_reply);
}

TEST_CASE("a real reply of more than a megabyte is no trouble") {
  std::string labels;
  for (int i = 0; i < 5'000; ++i) {
    labels +=
        (i == 0 ? "" : ",") + ("\"" + std::to_string(i)) + "\":\"" + std::string(240, 'x') + '"';
  }
  json::Tree tree;
  const auto text = "{" + labels + "}";
  REQUIRE(tree.parse(text, rapidjson::kObjectType));
  CHECK(json::texts(tree.root()).size() == 5'000);
}
