#include "tidegauge/web/assets.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/catch.h"

using namespace tidegauge;
using web::Asset;
using web::Request;
using web::Response;

namespace {

const Asset& asset(std::string_view path) {
  const auto found = std::ranges::find(web::assets(), path, &Asset::path);
  if (found == web::assets().end()) throw std::runtime_error("no asset " + std::string(path));
  return *found;
}

/// Without compression.
std::string text_of(const Asset& one) {
  return web::answer_asset(one, {}).body;
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

std::string file_of(const Asset& one) {
  const std::string_view prefix = "/assets/";
  REQUIRE(one.path.starts_with(prefix));
  std::ifstream file(std::string(TIDEGAUGE_SOURCE_DIR "/src/web/assets/") +
                     std::string(one.path.substr(prefix.size())));
  REQUIRE(file);
  return {std::istreambuf_iterator(file), {}};
}

}  // namespace

TEST_CASE("each embedded file is what its source is") {
  CHECK(web::assets().size() >= 5);
  for (const auto& one : web::assets()) {
    CAPTURE(one.path);
    CHECK(text_of(one) == file_of(one));
    CHECK(one.gzip.size() <= text_of(one).size() + 30);
  }
}

TEST_CASE("an embedded file has the type by which a browser takes it") {
  CHECK(asset("/assets/page.css").content_type == "text/css; charset=utf-8");
  CHECK(asset("/assets/page.js").content_type == "text/javascript; charset=utf-8");
  CHECK(asset("/assets/icon.svg").content_type == "image/svg+xml");
  CHECK(asset("/assets/uplot/uPlot.iife.min.js").content_type == "text/javascript; charset=utf-8");
  CHECK(asset("/assets/uplot/uPlot.min.css").content_type == "text/css; charset=utf-8");
  CHECK(asset("/assets/uplot/LICENSE").content_type == "text/plain; charset=utf-8");
}

TEST_CASE("a client that takes gzip gets the file compressed") {
  const auto& script = asset("/assets/uplot/uPlot.iife.min.js");
  const auto answer = web::answer_asset(script, {.accept_encoding = "gzip, deflate, br, zstd"});
  CHECK(answer.status == 200);
  CHECK(answer.content_type == script.content_type);
  CHECK(header(answer, "Content-Encoding") == "gzip");
  CHECK(answer.body.size() == script.gzip.size());
  CHECK(answer.body.starts_with("\x1f\x8b"));
}

TEST_CASE("a client that refuses gzip gets the file as it is") {
  const auto& script = asset("/assets/uplot/uPlot.iife.min.js");
  for (const auto* encodings : {"", "identity", "gzip;q=0", "br"}) {
    CAPTURE(encodings);
    const auto answer = web::answer_asset(script, {.accept_encoding = encodings});
    CHECK(header(answer, "Content-Encoding").empty());
    CHECK(answer.body.size() > 50'000);
  }
}

TEST_CASE(
    "a client asks each time whether a file has changed, and a cache keeps both forms apart") {
  const auto answer = web::answer_asset(asset("/assets/page.css"), {});
  CHECK(header(answer, "ETag") == asset("/assets/page.css").etag);
  CHECK(header(answer, "Cache-Control") == "no-cache");
  CHECK(header(answer, "Vary") == "Accept-Encoding");
  CHECK(header(answer, "X-Content-Type-Options") == "nosniff");
}

TEST_CASE("a client that has the file is told so") {
  const auto& style = asset("/assets/page.css");
  const std::string tag(style.etag);
  for (const auto& tags : {tag, tag.substr(2), "\"x\", " + tag, std::string("*")}) {
    CAPTURE(tags);
    const auto answer =
        web::answer_asset(style, {.accept_encoding = "gzip", .if_none_match = tags});
    CHECK(answer.status == 304);
    CHECK(header(answer, "ETag") == tag);
    CHECK(header(answer, "Cache-Control") == "no-cache");
    CHECK(header(answer, "Vary") == "Accept-Encoding");
    CHECK(answer.body.size() == style.gzip.size());  // is not sent, but for its length
  }
  CHECK(web::answer_asset(style, {.if_none_match = "\"x\""}).status == 200);
}

TEST_CASE("each file has a tag of its own") {
  std::map<std::string_view, std::string_view> paths;
  for (const auto& one : web::assets()) {
    CAPTURE(one.path, one.etag);
    CHECK(one.etag.starts_with("W/\""));
    CHECK(one.etag.ends_with('"'));
    CHECK(paths.emplace(one.etag, one.path).second);
  }
}

TEST_CASE("a file that is damaged is an exception, not half a file") {
  auto broken = asset("/assets/page.css");
  broken.gzip = broken.gzip.first(broken.gzip.size() - 9);
  CHECK_THROWS_AS(web::answer_asset(broken, {}), std::runtime_error);
}

TEST_CASE("a browser loads at most 100 KB for the page") {
  std::size_t bytes = 0;
  for (const auto& one : web::assets()) bytes += text_of(one).size();
  CHECK(bytes <= 100'000);
}

TEST_CASE("our own files load nothing from elsewhere and make no code or HTML from text") {
  for (const auto& one : web::assets()) {
    if (one.path.starts_with("/assets/uplot/")) continue;
    auto text = text_of(one);
    const std::string_view svg = "http://www.w3.org/2000/svg";  // a name, which nobody loads
    for (auto at = text.find(svg); at != std::string::npos; at = text.find(svg)) {
      text.erase(at, svg.size());
    }
    for (const auto* forbidden : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                                  "http://", "https://", "eval(", "new Function"}) {
      CAPTURE(one.path, forbidden);
      CHECK(text.find(forbidden) == std::string::npos);
    }
  }
}
