#include "tidegauge/json/reader.h"

#include "support/catch.h"

using namespace tidegauge;
using test::contains;
using test::error_of;

namespace {

/// The numbers of an array, read one by one.
Result<std::vector<std::int64_t>> numbers(std::string_view text) {
  std::vector<std::int64_t> all;
  auto read = json::for_each_element(text, [&](json::Value value) -> Result<void> {
    const auto number = value.integer();
    if (!number) return fail(Errc::bad_reply, "not a number");
    all.push_back(*number);
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
  const auto read = json::for_each_element("[1,2,?", [&](json::Value) -> Result<void> {
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
  CHECK(error_of(json::Document::parse(zeros)).message == "takes too much memory");
  CHECK(error_of(json::Document::parse(std::string(4'000'000, '['))).code == Errc::bad_reply);
  CHECK(error_of(json::Document::parse("[\"" + std::string(20'000'000, 'x') + "\"]")).code ==
        Errc::bad_reply);
  CHECK(error_of(json::Document::parse("[1,2,3]", 16)).message == "takes too much memory");
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
  const auto document = test::value_of(json::Document::parse_object("{" + labels + "}"));
  CHECK(document.root().texts().size() == 5'000);
}

TEST_CASE("an absent, a null and a mistyped value all read as nothing") {
  const auto document =
      test::value_of(json::Document::parse_object(R"({"null":null,"text":"1","list":[1]})"));
  const auto root = document.root();
  for (const char* const key : {"absent", "null"}) {
    CHECK_FALSE(root[key].is_present());
    CHECK_FALSE(root[key]["further"]["down"].is_present());
    CHECK(root[key].count_or(7) == 7);
  }
  CHECK(root["text"].is_present());
  CHECK_FALSE(root["text"].integer());
  CHECK_FALSE(root["text"].count_or(7));
  CHECK_FALSE(root["text"].boolean());
  CHECK_FALSE(root["text"].number());
  CHECK(root["text"].texts().empty());
  CHECK(root["list"].text().empty());
  CHECK_FALSE(root["list"]["0"].is_present());
  for (const auto& member : root["list"].members()) FAIL(member.key);
  for (const auto element : root["text"].elements()) FAIL(element.text());
}

TEST_CASE("a number reads only as a type that holds it") {
  const auto document = test::value_of(json::Document::parse(
      "[-1, 0, 2147483648, 18446744073709551615, 18446744073709551616, 0.5, 1e2]"));
  std::vector<json::Value> numbers;
  for (const auto element : document.root().elements()) numbers.push_back(element);
  REQUIRE(numbers.size() == 7);
  CHECK(numbers[0].integer() == -1);
  CHECK_FALSE(numbers[0].count());
  CHECK_FALSE(numbers[0].integer<unsigned>());
  CHECK(numbers[1].count() == 0U);
  CHECK_FALSE(numbers[1].positive());
  CHECK(numbers[2].integer() == 2147483648);
  CHECK_FALSE(numbers[2].integer<int>());
  CHECK(numbers[3].count() == UINT64_MAX);
  CHECK_FALSE(numbers[3].integer());
  CHECK_FALSE(numbers[4].count());
  CHECK(numbers[4].number() == 18446744073709551616.0);
  CHECK(numbers[5].number() == 0.5);
  CHECK_FALSE(numbers[6].integer());
}

TEST_CASE("the last of members with the same key counts, and only once") {
  const auto document =
      test::value_of(json::Document::parse_object(R"({"b":"1","a":"2","b":"3"})"));
  CHECK(document.root()["b"].text() == "3");
  CHECK(document.root().texts() ==
        std::vector<std::pair<std::string, std::string>>{{"a", "2"}, {"b", "3"}});
}

TEST_CASE("a document that is no object is refused where an object is expected") {
  CHECK(error_of(json::Document::parse_object("[]")).message == "not a JSON object");
  CHECK(error_of(json::Document::parse_object("null")).message == "not a JSON object");
  CHECK(error_of(json::Document::parse("{} {}")).code == Errc::bad_reply);
}
