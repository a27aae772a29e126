#include "web/site.h"

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

#include "support/catch.h"
#include "support/log_capture.h"

using namespace tidegauge;
using web::Request;
using web::Response;

namespace {

std::function<Response(const Request&)> named(const std::string& name) {
  return [name](const Request& request) { return Response{.body = name + " " + request.path}; };
}

class Fixture {
 public:
  explicit Fixture(const config::WebProtection& protection = {})
      : access_(protection, hooks_, guard_),
        site(
            {{.path = "/metrics",
              .handle = [](const Request& request) { return Response{.body = request.query}; }},
             {.path = "/-/healthy",
              .handle =
                  [](const Request& request) {
                    return Response{.body = request.is_trusted ? "trusted" : "ok"};
                  }},
             {.path = "/throws",
              .handle = [](const Request&) -> Response { throw std::runtime_error("out of ink"); }},
             {.path = "/boats/", .handle = named("boats"), .takes_subpaths = true},
             {.path = "/boats/moored", .handle = named("moored")},
             {.path = "/boats/sunk/", .handle = named("sunk"), .takes_subpaths = true},
             {.path = "/boats", .handle = named("list")},
             {.path = "/-/reload",
              .handle_later = [](const Request&,
                                 web::Responder respond) { respond({.status = 202}); },
              .is_post = true}},
            {"/-/healthy"}, access_, guard_) {}

  Response answer(const std::string& method, const std::string& target,
                  const web::Peer& peer = {}) {
    const web::RequestHead head{
        .method = method, .target = target, .version = "HTTP/1.1", .headers = {{"Host", "t"}}};
    auto request = site.parse(head);
    if (!request) return std::move(request.error());
    std::optional<Response> answer;
    site.handle(head, *request, peer, [&](Response response) { answer = std::move(response); });
    REQUIRE(answer);
    return *std::move(answer);
  }

 private:
  test::LogCapture log_;
  ThreadGuard guard_{log_.logger()};
  const web::ServerHooks hooks_;
  web::AccessControl access_;

 public:
  web::Site site;
};

}  // namespace

TEST_CASE("a request reaches the handler of its path") {
  Fixture fixture;
  CHECK(fixture.answer("GET", "/metrics?a=b").body == "a=b");
  CHECK(fixture.answer("HEAD", "/-/healthy").status == 200);
  CHECK(fixture.answer("POST", "/-/reload").status == 202);
  CHECK(fixture.answer("GET", "/metrics/").status == 404);
}

TEST_CASE("a method that a path does not take is refused with those that it takes") {
  Fixture fixture;
  const auto get = fixture.answer("GET", "/-/reload");
  CHECK(get.status == 405);
  CHECK(get.headers.front().second == "POST");
  const auto post = fixture.answer("POST", "/metrics");
  CHECK(post.status == 405);
  CHECK(post.headers.front().second == "GET, HEAD");
  CHECK(fixture.answer("BREW", "/metrics").status == 405);
}

TEST_CASE("a handler that throws is an internal error without its reason") {
  Fixture fixture;
  const auto answer = fixture.answer("GET", "/throws");
  CHECK(answer.status == 500);
  CHECK(answer.body == "internal error\n");
}

TEST_CASE("all paths are protected, unknown ones too, but not those of the private socket") {
  Fixture fixture({.bearer_token = "token"});
  for (const auto* path : {"/metrics", "/-/healthy", "/unknown"}) {
    CHECK(fixture.answer("GET", path).status == 401);
  }
  const web::Peer owner{.address = "unix", .is_local = true, .is_private = true};
  CHECK(fixture.answer("GET", "/-/healthy", owner).status == 200);
  CHECK(fixture.answer("GET", "/metrics", owner).status == 404);
}

TEST_CASE("a handler knows whether its client had to show who it is, or has the private socket") {
  const web::Peer owner{.is_private = true};
  Fixture open;
  CHECK(open.answer("GET", "/-/healthy").body == "ok");
  CHECK(open.answer("GET", "/-/healthy", owner).body == "trusted");
  CHECK(open.answer("GET", "/-/healthy", {.is_certified = true}).body == "trusted");
}

TEST_CASE("a route has the name of its path, and all others share one") {
  const Fixture fixture;
  CHECK(fixture.site.route_name("/metrics") == "/metrics");
  CHECK(fixture.site.route_name("/metrics/") == "other");
  CHECK(fixture.site.route_name("") == "other");
}

TEST_CASE("a route that takes the paths below it gets those that have no closer route") {
  Fixture fixture;
  CHECK(fixture.answer("GET", "/boats/").body == "boats /boats/");
  CHECK(fixture.answer("GET", "/boats/a/b").body == "boats /boats/a/b");
  CHECK(fixture.answer("GET", "/boats/moored").body == "moored /boats/moored");
  CHECK(fixture.answer("GET", "/boats/moored/a").body == "boats /boats/moored/a");
  CHECK(fixture.answer("GET", "/boats/sunk/a").body == "sunk /boats/sunk/a");
  CHECK(fixture.answer("GET", "/boats").body == "list /boats");
  CHECK(fixture.answer("GET", "/boat").status == 404);
  CHECK(fixture.answer("POST", "/boats/a").status == 405);
}

TEST_CASE("all paths below a route share its name") {
  const Fixture fixture;
  CHECK(fixture.site.route_name("/boats/a/b") == "/boats/");
  CHECK(fixture.site.route_name("/boats/moored") == "/boats/moored");
  CHECK(fixture.site.route_name("/boats/sunk/a") == "/boats/sunk/");
}

TEST_CASE("the private socket serves no path below one of its own") {
  Fixture fixture;
  CHECK(fixture.answer("GET", "/boats/a", {.is_private = true}).status == 404);
}
