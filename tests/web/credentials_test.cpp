#include "web/credentials.h"

#include <string>

#include "support/catch.h"

using namespace tidegauge;
using web::basic_credentials;
using web::bearer_token;
using web::equal_in_constant_time;

TEST_CASE("secrets are the same where each byte is") {
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK_FALSE(equal_in_constant_time("abd", "abc"));
  CHECK_FALSE(equal_in_constant_time("xbc", "abc"));
  CHECK_FALSE(equal_in_constant_time("ab", "abc"));
  CHECK_FALSE(equal_in_constant_time("abcabc", "abc"));
  CHECK_FALSE(equal_in_constant_time("", "abc"));
  CHECK_FALSE(equal_in_constant_time("abc", ""));
}

TEST_CASE("the user ends at the first colon of the basic credentials") {
  const auto read = [](std::string_view header) {
    const auto found = basic_credentials(header);
    return found ? found->user + "|" + found->password : "none";
  };
  CHECK(read("Basic YWxpY2U6c2VjcmV0") == "alice|secret");
  CHECK(read("bAsIc   YWxpY2U6c2VjcmV0  ") == "alice|secret");
  CHECK(read("Basic YTpiOmM=") == "a|b:c");
  CHECK(read("Basic Og==") == "|");
  CHECK(read("Basic OnA=") == "|p");
  CHECK(read("Basic w6Q6w7Y=") == "\xC3\xA4|\xC3\xB6");
  CHECK(read("Basic fn5+Oj8/Pw==") == "~~~|???");
}

TEST_CASE("what is no header of basic credentials holds none") {
  const std::string header =
      GENERATE("", "Basic", "Basic ", "BasicYTpi", "Basic\tYTpi", "Digest YTpi", " Basic YTpi",
               "Basic YTp", "Basic YTpi=", "Basic YTpi====", "Basic Y=pi", "Basic =", "Basic YT pi",
               "Basic YTp*", "Basic YTp-", "Basic YWI=", "Basic YQ==, Bearer x",
               "Basic YTpiOmN=",  // bits beyond the last byte
               "Basic YTpiAA==",  // NUL
               "Basic YTpiCg==",  // a line's end
               "Basic YTpifw==");
  INFO(header);
  CHECK_FALSE(basic_credentials(header));
}

TEST_CASE("a header of credentials is bounded") {
  const std::string longest(4096 - 6 - 6, 'A');  // decodes to NUL bytes
  CHECK_FALSE(basic_credentials("Basic " + longest + "OnA="));
  std::string encoded = "OjEx";  // ":11"
  while (encoded.size() < 4088) encoded += "MTEx";
  CHECK(basic_credentials("Basic " + encoded));
  CHECK_FALSE(basic_credentials("Basic " + encoded + "MTEx"));
  CHECK(bearer_token("Bearer " + std::string(8185, 'x')));
  CHECK_FALSE(bearer_token("Bearer " + std::string(8186, 'x')));
}

TEST_CASE("a bearer token is visible characters") {
  CHECK(bearer_token("Bearer abc.DEF-_~+/=") == "abc.DEF-_~+/=");
  CHECK(bearer_token("bearer  x ") == "x");
  const auto* header = GENERATE("", "Bearer", "Bearer ", "Bearer   ", "Basic abc", "Bearer a b",
                                "Bearer\tab", "Bearerabc", "Bearer a\x7f", "Bearer \xC3\xA4");
  INFO(header);
  CHECK_FALSE(bearer_token(header));
}
