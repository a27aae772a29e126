#include "web/request_head.h"

#include "support/catch.h"

using namespace tidegauge::web;

namespace {

RequestHead head_for(std::string target) {
  return {.method = "GET",
          .target = std::move(target),
          .version = "HTTP/1.1",
          .headers = {{"Host", "example"}}};
}

std::uint32_t status_of(const RequestHead& head) {
  const auto request = parse_request(head);
  return request ? 200 : request.error().status;
}

std::uint32_t status_with(const std::vector<std::pair<std::string, std::string>>& headers) {
  auto head = head_for("/metrics");
  for (const auto& header : headers) head.headers.push_back(header);
  return status_of(head);
}

std::string path_of(const std::string& target) {
  const auto request = parse_request(head_for(target));
  return request ? request->path : "refused";
}

}  // namespace

TEST_CASE("a request has its path and its query") {
  const auto request = parse_request(head_for("/metrics?name[]=a&b"));
  REQUIRE(request);
  CHECK(request->path == "/metrics");
  CHECK(request->query == "name[]=a&b");
  CHECK(parse_request(head_for("/metrics"))->query.empty());
}

TEST_CASE("a whole URI is accepted in place of the path") {
  CHECK(path_of("http://example/metrics") == "/metrics");
  CHECK(path_of("HTTPS://example:9717/metrics?x") == "/metrics");
  CHECK(path_of("http://example") == "/");
  CHECK(path_of("http://example?x") == "/");
}

TEST_CASE("a path is decoded once") {
  CHECK(path_of("/%6Detrics") == "/metrics");
  CHECK(path_of("/%252f") == "/%2f");
}

TEST_CASE("what is no path is refused") {
  for (const auto* target : {"", "*", "metrics", "ftp://example/", "/a%", "/a%4", "/a%zz",
                             "/metrics%00x", "/a%0d%0a", "/a\x01", "/a%7f"}) {
    CAPTURE(target);
    CHECK(path_of(target) == "refused");
  }
}

TEST_CASE("values of a repeated Accept are one list") {
  auto head = head_for("/");
  head.headers.emplace_back("Accept", "text/plain");
  head.headers.emplace_back("accept", "text/html");
  CHECK(parse_request(head)->accept == "text/plain, text/html");
}

TEST_CASE("the tags of what a client has are one list") {
  auto head = head_for("/");
  head.headers.emplace_back("If-None-Match", "\"a\", W/\"b\"");
  head.headers.emplace_back("if-none-match", "\"c\"");
  CHECK(parse_request(head)->if_none_match == "\"a\", W/\"b\", \"c\"");
  CHECK(parse_request(head_for("/"))->if_none_match.empty());
}

TEST_CASE("a header that must not be repeated is refused when it is, equal values or not") {
  CHECK(status_with({{"host", "example"}}) == 400);
  CHECK(status_with({{"Content-Length", "0"}, {"content-length", "0"}}) == 400);
  CHECK(status_with({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}) == 400);
}

TEST_CASE("a body is refused") {
  CHECK(status_with({{"Content-Length", "0"}}) == 200);
  for (const auto* length : {"1", "00", "-1", "+0", "0, 0", "", "x"}) {
    CAPTURE(length);
    CHECK(status_with({{"Content-Length", length}}) == 400);
  }
  for (const auto* coding : {"chunked", "xchunked", "identity", ""}) {
    CAPTURE(coding);
    CHECK(status_with({{"Transfer-Encoding", coding}}) == 400);
  }
}

TEST_CASE("HTTP/1.1 needs a Host, HTTP/1.0 does not, and there is no other version") {
  auto head = head_for("/");
  head.headers.clear();
  CHECK(status_of(head) == 400);
  head.version = "HTTP/1.0";
  CHECK(status_of(head) == 200);
  for (const auto* version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "http/1.1", ""}) {
    CAPTURE(version);
    head.version = version;
    CHECK(status_of(head) == 505);
  }
}

TEST_CASE("the values of a query's parameter are decoded, in order") {
  using Values = std::vector<std::string>;
  CHECK(query_values("name[]=a&x=1&name%5B%5D=b%20c+d&name[]", "name[]") ==
        Values{"a", "b c d", ""});
  CHECK(query_values("", "name[]").empty());
  CHECK(query_values("name[]=%zz&&=", "name[]").empty());
}

TEST_CASE("all parameters of a query are decoded, or none") {
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  CHECK(query_parameters("name=a%20b&limit=5&x") ==
        Parameters{{"name", "a b"}, {"limit", "5"}, {"x", ""}});
  CHECK(query_parameters("") == Parameters{});
  CHECK_FALSE(query_parameters("name=a&limit=%zz"));
}

TEST_CASE("a request is for this machine by an address or localhost, and without a proxy") {
  const auto is_for = [](const std::string& host, const std::string& other = "Accept") {
    return tidegauge::web::is_for_this_machine({.method = "GET",
                                                .target = "/",
                                                .version = "HTTP/1.1",
                                                .headers = {{"Host", host}, {other, "x"}}});
  };
  for (const std::string host : {"localhost", "LOCALHOST:9717", "127.0.0.1", "127.0.0.1:9717",
                                 "10.1.2.3", "[::1]", "[::1]:9717", ""}) {
    CHECK(is_for(host));
  }
  for (const std::string host : {"attacker.example", "attacker.example:9717", "127.0.0.1.example",
                                 "localhost.example", "[::1].example", "[", "1.2.3"}) {
    CHECK_FALSE(is_for(host));
  }
  for (const std::string header : {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"}) {
    CHECK_FALSE(is_for("localhost", header));
  }
}
