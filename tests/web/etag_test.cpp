#include "tidegauge/web/etag.h"

#include "support/catch.h"

using tidegauge::web::matches_etag;

TEST_CASE("a client that names the tag has what it asks for") {
  CHECK(matches_etag(R"("a")", R"("a")"));
  CHECK(matches_etag(R"("x", "a")", R"("a")"));
  CHECK(matches_etag(R"(  "x","a"  )", R"("a")"));
  CHECK(matches_etag("\t,, \"a\",", R"("a")"));
}

TEST_CASE("a client that names another tag, or none, has not") {
  CHECK_FALSE(matches_etag("", R"("a")"));
  CHECK_FALSE(matches_etag(R"("b")", R"("a")"));
  CHECK_FALSE(matches_etag(R"("aa", "A")", R"("a")"));
  CHECK_FALSE(matches_etag("a", R"("a")"));
}

TEST_CASE("weak tags and strong ones are the same for a client that only wants to keep its copy") {
  CHECK(matches_etag(R"(W/"a")", R"("a")"));
  CHECK(matches_etag(R"("a")", R"(W/"a")"));
  CHECK(matches_etag(R"("x", W/"a")", R"(W/"a")"));
  CHECK_FALSE(matches_etag(R"(w/"a")", R"("a")"));
}

TEST_CASE("a star is any tag, but not as a part of one") {
  CHECK(matches_etag("*", R"("a")"));
  CHECK(matches_etag(" *", R"("a")"));
  CHECK_FALSE(matches_etag(R"("*")", R"("a")"));
}

TEST_CASE("a comma is a part of a tag") {
  CHECK(matches_etag(R"("x,y", "a,b")", R"("a,b")"));
  CHECK_FALSE(matches_etag(R"("x,"a",y")", R"("a,")"));
}

TEST_CASE("what follows a tag that is not valid is not read") {
  CHECK_FALSE(matches_etag(R"("a)", R"("a")"));
  CHECK_FALSE(matches_etag(R"(b, "a")", R"("a")"));
  CHECK_FALSE(matches_etag("W/", R"("a")"));
  CHECK_FALSE(matches_etag(R"("x" * )", R"("a")"));
}
