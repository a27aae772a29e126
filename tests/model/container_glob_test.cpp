#include "tidegauge/model/container_glob.h"

#include <map>

#include "support/catch.h"

using namespace tidegauge;
using namespace tidegauge::model;
using test::contains;
using test::error_of;
using test::value_of;

namespace {

bool matches_web(const std::string& glob) {
  Container web;
  web.name = "web-1";
  web.image = "registry.example:5000/shop/web:1.2";
  web.labels = {{"empty", ""}, {"team", "shop"}};
  return matches(value_of(parse_container_glob(glob)), web);
}

}  // namespace

TEST_CASE("a glob matches the whole name unless it names image or label") {
  for (const auto* glob :
       {"web-1", "web-*", "*", "?eb-[0-9]", "w[!x]b-1", "image:*/shop/*", "image:registry*:1.2",
        "label:team", "label:team=shop", "label:team=s*", "label:empty", "label:empty="}) {
    INFO(glob);
    CHECK(matches_web(glob));
  }
  for (const auto* glob :
       {"web", "eb-1", "Web-1", "web-??", "image:web*", "label:team=", "label:team=sho",
        "label:shop", "label:other=*", "label:empty=x", R"(web-\*)"}) {
    INFO(glob);
    CHECK_FALSE(matches_web(glob));
  }
}

TEST_CASE("a glob reads back from its text") {
  for (const auto* text : {"web-*", "image:*/a:1", "label:a=b=c", "label:a=*", R"(a\[)", "[]]x"}) {
    const auto glob = value_of(parse_container_glob(text));
    CHECK(to_string(glob) == text);
    CHECK(value_of(parse_container_glob(to_string(glob))) == glob);
  }
  CHECK(to_string(value_of(parse_container_glob("label:a"))) == "label:a=*");
}

TEST_CASE("a malformed glob is refused with the remedy") {
  const std::map<std::string, std::string> reasons{
      {"", "is empty"},
      {"nginx:*",
       "begins with neither image: nor label:, and no name has a colon; for an image "
       "write image:nginx:*"},
      {"image:", "has no image"},
      {"label:", "has no key of a label"},
      {"label:=x", "has no key of a label"},
      {"label:com.*", "has a pattern for a key: write the key in full"},
      {"web-[0-9", "has an unclosed [: close it, or write \\[ for one"},
      {"web-[]", "has an unclosed [: close it, or write \\[ for one"},
      {"image:[!]", "has an unclosed [: close it, or write \\[ for one"},
      {"label:a=[", "has an unclosed [: close it, or write \\[ for one"},
      {"web\\", "ends with a single \\: write \\\\ for one"},
  };
  for (const auto& [text, reason] : reasons) {
    const auto error = error_of(parse_container_glob(text));
    CHECK(error.code == Errc::invalid_config);
    CHECK(error.message == "\"" + text + "\" " + reason);
  }
}
